/** What the provider takes back, validators refuse: exchanged tokens and families of refresh tokens, through the real feed. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createSidecarSink, type DevIdp, startDevIdp } from "@countersign/dev-idp";
import { refresh } from "../../packages/dev-idp/test/ask.ts";
import {
  API,
  exchangeToken,
  getToken,
  introspect,
  REPORTS,
  revoke,
  SECRET,
} from "../../packages/dev-idp/test/exchange-kit.ts";
import { signInOffline } from "../../packages/dev-idp/test/sign-in.ts";
import { sendRaw, writeRequest } from "../../packages/server/test/kit/raw-request.ts";
import { type Sidecar, startSidecar } from "../../packages/server/test/kit/start-sidecar.ts";

describe("tokens that the development provider takes back", () => {
  let folder: string;
  let idp: DevIdp;
  let sidecar: Sidecar;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-issuing-"));
    const tokenFile = path.join(folder, "api.token");
    // The provider is told where the sidecar is, which trusts the provider: known to each other after both have started.
    let tell: ReturnType<typeof createSidecarSink> = () => Promise.reject(new Error("no sidecar yet"));
    idp = await startDevIdp({
      log: () => {},
      clients: [
        { clientId: "gateway", clientSecret: SECRET },
        { clientId: "stranger", clientSecret: SECRET },
        { clientId: "orders-app", redirectUris: ["http://127.0.0.1/callback"] },
      ],
      exchange: [{ clientId: "gateway", from: [API], to: REPORTS, scopes: ["orders:read"] }],
      revocations: (revocation) => tell(revocation),
    });
    const issuer = {
      issuer: idp.issuer,
      name: "dev",
      audiences: [API, REPORTS],
      algorithms: ["ES256"],
      profile: "rfc9068",
      keys: { discovery: true, insecureLoopbackHttp: true },
    };
    const store = JSON.stringify({ sqlite: path.join(folder, "revocations.db") });
    sidecar = await startSidecar({
      issuers: [issuer],
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
      rest: `revocation: { store: ${store} }
api: { tokenFile: ${JSON.stringify(tokenFile)} }
routes: [{ path: "/**", allow: authenticated, revocation: fresh }]`,
    });
    const apiToken = (await readFile(tokenFile, "utf8")).trim();
    tell = createSidecarSink({ adminUrl: `http://${sidecar.addresses.admin}`, apiToken });
  });
  after(async () => {
    await sidecar.close();
    await idp.close();
    await rm(folder, { recursive: true });
  });

  const judge = async (token: string): Promise<unknown> => {
    const described = ["Method: GET", "Uri: /", "Host: api.test", "Proto: http"].map(
      (part) => `X-Forwarded-${part}`,
    );
    const lines = ["Host: sidecar", ...described, `Authorization: Bearer ${token}`];
    const { status } = await sendRaw(sidecar.decision, writeRequest("GET /authz", lines));
    return status === 200 ? "accepted" : sidecar.events.at(-1)?.reason;
  };

  /** The provider answers once a revocation is durable; it is in force a moment later. */
  const waitForRefusal = async (token: string): Promise<void> => {
    let outcome = await judge(token);
    for (let turn = 0; outcome === "accepted" && turn < 100; turn += 1) {
      await delay(20);
      outcome = await judge(token);
    }
    assert.equal(outcome, "token_revoked");
  };

  it("are refused with everything that they were exchanged for", async () => {
    const subject = await getToken(idp, "stranger");
    const child = String((await exchangeToken(idp, subject)).body["access_token"]);
    const other = await getToken(idp, "stranger");
    for (const token of [subject, child, other]) assert.equal(await judge(token), "accepted");
    assert.equal((await revoke(idp, subject, "stranger")).status, 200);
    for (const token of [subject, child]) {
      await waitForRefusal(token);
      assert.deepEqual(await introspect(idp, token), { active: false });
    }
    assert.equal(await judge(other), "accepted");
  });

  it("are refused with their family, once an older refresh token is shown", async () => {
    const first = await signInOffline(idp);
    const second = await refresh(idp, first.refreshToken);
    const third = await refresh(idp, String(second.body["refresh_token"]));
    const family = [first.accessToken, ...[second, third].map(({ body }) => String(body["access_token"]))];
    for (const token of family) assert.equal(await judge(token), "accepted");
    assert.equal((await refresh(idp, first.refreshToken)).status, 400);
    for (const token of family) await waitForRefusal(token);
  });
});
