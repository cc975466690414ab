import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { decodeJwt } from "jose";
import { DEV_ACR_VALUES, type DevIdp, startDevIdp } from "../src/index.ts";
import { Browser } from "./browser.ts";
import { beginFlow, exchange, REDIRECT_URI, signIn } from "./sign-in.ts";

const [ONE, TWO = ""] = DEV_ACR_VALUES;

/** To the app's callback; consents where that is asked, and signs nobody in. */
async function walk(browser: Browser, address: string | URL): Promise<URL> {
  const page = await browser.follow(address, REDIRECT_URI);
  if (page.url.startsWith(REDIRECT_URI)) return new URL(page.url);
  assert.match(page.text, /Allow access/);
  const allowed = await browser.ask(`${page.url}/consent`, {});
  return new URL((await browser.follow(allowed.location ?? "", REDIRECT_URI)).url);
}

describe("step-up", () => {
  let idp: DevIdp;
  before(async () => {
    idp = await startDevIdp({ log: () => {} });
  });
  after(() => idp.close());

  it("is offered in the metadata", async () => {
    const response = await fetch(`${idp.issuer}/.well-known/openid-configuration`);
    const metadata = (await response.json()) as Record<string, unknown>;
    assert.deepEqual(metadata["acr_values_supported"], [...DEV_ACR_VALUES]);
  });

  it("asks anew for a stronger sign-in, and writes level and time into the access token", async () => {
    const browser = new Browser();
    const weak = await beginFlow(idp);
    const before = decodeJwt((await exchange(weak, await signIn(browser, weak, "user-ada"))).access_token);
    assert.equal(before["acr"], ONE);
    assert.ok(Math.abs(Number(before["auth_time"]) - Number(before.iat)) <= 2);

    const strong = await beginFlow(idp, { acr_values: TWO });
    const login = await browser.follow(strong.address, REDIRECT_URI);
    assert.match(login.text, /Sign in as/);
    assert.doesNotMatch(login.text, new RegExp(ONE));
    const weaker = await browser.ask(`${login.url}/login`, { subject: "user-ada", acr: ONE });
    assert.equal(weaker.status, 400);
    const chosen = await browser.ask(`${login.url}/login`, { subject: "user-ada", acr: TWO });
    const tokens = await exchange(strong, await walk(browser, chosen.location ?? ""));
    assert.equal(decodeJwt(tokens.access_token)["acr"], TWO);
    assert.equal(decodeJwt(tokens.id_token ?? "")["acr"], TWO);

    // Strong enough already: nobody is asked again.
    const again = await beginFlow(idp, { acr_values: `${TWO} urn:other` });
    const same = await exchange(again, await walk(browser, again.address));
    assert.equal(decodeJwt(same.access_token)["acr"], TWO);
  });

  it("asks anew where the sign-in is older than max_age", async () => {
    const browser = new Browser();
    const first = await beginFlow(idp);
    const before = decodeJwt((await exchange(first, await signIn(browser, first, "user-ben"))).access_token);
    const recent = await beginFlow(idp, { max_age: "600" });
    await exchange(recent, await walk(browser, recent.address));
    await delay(2100);
    const fresh = await beginFlow(idp, { max_age: "1" });
    const login = await browser.follow(fresh.address, REDIRECT_URI);
    assert.match(login.text, /Sign in as/);
    const chosen = await browser.ask(`${login.url}/login`, { subject: "user-ben" });
    const after = decodeJwt((await exchange(fresh, await walk(browser, chosen.location ?? ""))).access_token);
    assert.ok(Number(after["auth_time"]) > Number(before["auth_time"]));
  });

  it("fails as RFC 9470 says where it cannot be: nothing offered, or nobody to ask", async () => {
    const readError = async (changes: Record<string, string>): Promise<string | null> => {
      const { address } = await beginFlow(idp, changes);
      const { url } = await new Browser().follow(address, REDIRECT_URI);
      return new URL(url).searchParams.get("error");
    };
    assert.equal(await readError({ acr_values: "urn:other" }), "unmet_authentication_requirements");
    const browser = new Browser();
    const weak = await beginFlow(idp);
    await exchange(weak, await signIn(browser, weak, "user-cleo"));
    const silent = await beginFlow(idp, { acr_values: TWO, prompt: "none" });
    const { url } = await browser.follow(silent.address, REDIRECT_URI);
    assert.equal(new URL(url).searchParams.get("error"), "unmet_authentication_requirements");
  });
});
