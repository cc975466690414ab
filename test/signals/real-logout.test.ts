/** A person logs out of a real OpenID provider, which tells the sidecar: the tokens of that session are refused. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { type DevIdp, startDevIdp } from "@countersign/dev-idp";
import { Browser } from "../../packages/dev-idp/test/browser.ts";
import { beginFlow, exchange, signIn } from "../../packages/dev-idp/test/sign-in.ts";
import { type SignalSidecar, startSignalSidecar } from "../../packages/server/test/kit/signal-sidecar.ts";
import { waitFor } from "../../packages/server/test/kit/wait-for.ts";

/** Stands where a gateway would, in front of this one path; the provider has to know the address before the sidecar is there. */
const gateway = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const headers = { "content-type": request.headers["content-type"] ?? "" };
    home.send("/signals/logout", { body: Buffer.concat(chunks).toString(), headers }).then(
      (answer) => {
        statuses.push(answer.status);
        response.writeHead(answer.status).end();
      },
      () => response.writeHead(502).end(),
    );
  });
});
const statuses: number[] = [];
let idp: DevIdp;
let home: SignalSidecar;

async function logIn(browser: Browser, subject: string): Promise<string> {
  const flow = await beginFlow(idp);
  return (await exchange(flow, await signIn(browser, flow, subject))).access_token;
}

async function logOut(browser: Browser): Promise<void> {
  const page = await browser.ask(`${idp.issuer}/session/end`);
  const [, xsrf = ""] = /name="xsrf" value="([^"]+)"/.exec(page.text) ?? [];
  const done = await browser.ask(`${idp.issuer}/session/end/confirm`, { xsrf, logout: "yes" });
  assert.ok(done.status < 400, done.text);
}

describe("logging out of a real provider", () => {
  before(async () => {
    await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
    const { port } = gateway.address() as AddressInfo;
    idp = await startDevIdp({
      log: () => {},
      clients: [
        { clientId: "orders-service", clientSecret: "long enough a secret" },
        {
          clientId: "orders-app",
          redirectUris: ["http://127.0.0.1/callback"],
          backchannelLogoutUri: `http://127.0.0.1:${port}/logout`,
        },
      ],
    });
    home = await startSignalSidecar({
      issuers: [
        {
          issuer: idp.issuer,
          name: "dev",
          audiences: [idp.audience],
          keys: { discovery: true, insecureLoopbackHttp: true },
        },
      ],
      signals: { logout: [{ issuer: "dev", audiences: ["orders-app"] }] },
    });
  });
  after(async () => {
    await Promise.all([home.close(), idp.close()]);
    gateway.closeAllConnections();
    await new Promise((resolve) => gateway.close(resolve));
  });

  it("ends that session everywhere, and not the same person's session in another browser", async () => {
    const [here, there] = [new Browser(), new Browser()];
    const [ended, kept] = [await logIn(here, "user-ada"), await logIn(there, "user-ada")];
    assert.deepEqual([await home.ask(ended), await home.ask(kept)], [200, 200]);
    await logOut(here);
    await waitFor(() => statuses.length > 0);
    assert.deepEqual(statuses, [200]);
    await waitFor(async () => (await home.ask(ended)) === 401);
    assert.equal(home.sidecar.events.at(-1)?.reason, "token_revoked");
    assert.equal(await home.ask(kept), 200);
    assert.equal(await home.ask(await logIn(here, "user-ada")), 200);
  });
});
