/** DPoP from end to end: tokens of oidc-provider, proofs of oauth4webapi, the sidecar's proxy in front of a server. */

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { type DevIdp, startDevIdp } from "@countersign/dev-idp";
import { parseConfiguration, type RunningServer, startServer } from "@countersign/server";
import { startEcho } from "../kit/start-echo.ts";
import {
  type BoundToken,
  describeChallenge,
  getBoundToken,
  getResource,
  recordHeaders,
} from "./bound-token.ts";

const AUDIENCE = "https://api.countersign.test";
const SECRET = Buffer.alloc(32, 9).toString("base64url");
const SILENT = { info() {}, warn() {}, error() {} };

const idp = await startDevIdp({ log: () => {}, audiences: [AUDIENCE] });
const echo = await startEcho();
const plain = await startSidecar(idp, "dpop: {}");
const asking = await startSidecar(idp, `dpop: { nonce: { secrets: [{ base64url: ${SECRET} }] } }`);
const strict = await startSidecar(idp, "unbound: refused, mtls: refused");
after(() => Promise.all([plain, asking, strict, echo, idp].map((each) => each.close())));

async function startSidecar({ issuer, jwksUri }: DevIdp, binding: string): Promise<RunningServer> {
  const text = `
listeners: { decision: off, proxy: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers:
  - issuer: ${issuer}
    audiences: [${AUDIENCE}]
    profile: rfc9068
    algorithms: [ES256]
    keys: { jwksUri: "${jwksUri}", insecureLoopbackHttp: true }
    binding: { ${binding} }
routes: [{ path: /**, allow: authenticated }]
upstream: ${echo.url}
`;
  return startServer(parseConfiguration(text, { env: {}, baseDir: "/" }), { logger: SILENT });
}

function locate(sidecar: RunningServer, path = "/orders?page=2"): URL {
  return new URL(path, `http://${sidecar.addresses["proxy"]}`);
}

/** Asks as the client does, and gives the status, or what the challenge is about. */
async function ask(sidecar: RunningServer, bound: BoundToken): Promise<number | string> {
  try {
    return (await getResource(bound, locate(sidecar))).status;
  } catch (error) {
    return describeChallenge(error);
  }
}

describe("a token of oidc-provider that is bound to a client's key", () => {
  it("opens the door with a fresh proof each time", async () => {
    const bound = await getBoundToken(idp);
    assert.equal(await ask(plain, bound), 200);
    assert.equal(await ask(plain, bound), 200);
    assert.equal(await ask(strict, bound), 200);
  });

  it("opens nothing for who stole it, under Bearer or with a key of his own", async () => {
    const { token } = await getBoundToken(idp);
    const { dpop } = await getBoundToken(idp);
    assert.equal(await ask(plain, { token }), "bearer invalid_token");
    assert.equal(await ask(strict, { token }), "dpop invalid_token");
    assert.equal(await ask(plain, { token, dpop }), "dpop invalid_token");
  });

  it("opens nothing with a proof that was used before", async () => {
    const bound = await getBoundToken(idp);
    const headers = new Headers({ ...(await recordHeaders(bound, locate(plain))) });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(locate(plain), { headers })).status),
    );
    assert.deepEqual(
      answers.filter((status) => status !== 401),
      [200],
    );
  });

  it("opens the door after one more question where the server asks for nonces", async () => {
    const bound = await getBoundToken(idp);
    assert.equal(await ask(asking, bound), "dpop use_dpop_nonce");
    assert.equal(await ask(asking, bound), 200);
    assert.equal(await ask(asking, bound), 200);
  });
});

describe("a server that demands a binding", () => {
  it("offers DPoP alone to who brings no token", async () => {
    const response = await fetch(locate(strict));
    assert.equal(response.status, 401);
    assert.equal(response.headers.get("www-authenticate"), 'DPoP algs="ES256 PS256 Ed25519 EdDSA"');
  });

  it("refuses a token that is bound to nothing", async () => {
    const token = await idp.mint(AUDIENCE);
    assert.equal((await fetch(locate(plain), { headers: { authorization: `Bearer ${token}` } })).status, 200);
    assert.equal(await ask(strict, { token }), "dpop invalid_token");
  });
});
