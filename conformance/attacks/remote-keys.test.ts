/** Attacks through the place where keys come from: redirects, swollen answers, other issuers (10, 12 and 53). */

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { createValidator, type Validator, type Verdict } from "countersign";
import { describeIssuer, issueToken, NOW_SECONDS } from "../kit/scene.ts";
import { createSigningKey, type SigningKey, sharedKey } from "../kit/signing-key.ts";

interface Recorder {
  readonly origin: string;
  readonly requests: { readonly path: string; readonly headers: Readonly<Record<string, unknown>> }[];
}

/** Serves until the test ends. */
async function startServer(context: TestContext, answer: RequestListener): Promise<Recorder> {
  const requests: Recorder["requests"] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? "", headers: request.headers });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

function serveKeys(...keys: readonly SigningKey[]): RequestListener {
  return (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
  };
}

function createRemote(origins: Readonly<Record<string, string>>): Validator {
  return createValidator({
    issuers: Object.entries(origins).map(([name, origin]) =>
      describeIssuer({
        issuer: {
          issuer: `https://${name}.example/`,
          name,
          keys: { jwksUri: `${origin}/jwks`, insecureLoopbackHttp: true },
        },
      }),
    ),
    clock: () => NOW_SECONDS * 1000,
  });
}

function reasonOf(verdict: Verdict): string {
  return verdict.ok ? "ok" : verdict.reason;
}

const claims = { iss: "https://a.example/" };

for (const status of [301, 302, 303, 307, 308]) {
  test(`J10 a redirect (${status}) to another origin is not followed, and its keys are not loaded`, async (context) => {
    const stranger = createSigningKey("ES256", { keyId: "stranger" });
    const elsewhere = await startServer(context, serveKeys(stranger));
    const source = await startServer(context, (_request, response) => {
      response.writeHead(status, { location: `${elsewhere.origin}/jwks` }).end();
    });
    const validator = createRemote({ a: source.origin });
    try {
      const verdict = await validator.validate(issueToken({ key: stranger, claims }));
      assert.deepEqual([reasonOf(verdict), !verdict.ok && verdict.fault], ["keys_unavailable", "system"]);
      assert.equal(elsewhere.requests.length, 0);
      assert.ok(source.requests.length >= 1);
      for (const { headers } of source.requests) {
        assert.equal(headers["authorization"], undefined);
        assert.equal(headers["cookie"], undefined);
      }
    } finally {
      await validator.close();
    }
  });
}

test("J12 issuers that share a kid keep their keys apart, before and after a refetch", async (context) => {
  const [keyOfA, keyOfB] = [
    createSigningKey("ES256", { keyId: "same" }),
    createSigningKey("ES256", { keyId: "same" }),
  ];
  const a = await startServer(context, serveKeys(keyOfA));
  const b = await startServer(context, serveKeys(keyOfB));
  const validator = createRemote({ a: a.origin, b: b.origin });
  const judge = async (key: SigningKey, name: string): Promise<string> =>
    reasonOf(await validator.validate(issueToken({ key, claims: { iss: `https://${name}.example/` } })));
  try {
    for (let round = 0; round < 3; round++) {
      assert.equal(await judge(keyOfA, "a"), "ok");
      assert.equal(await judge(keyOfA, "b"), "signature_invalid");
      assert.equal(await judge(keyOfB, "b"), "ok");
      assert.equal(await judge(keyOfB, "a"), "signature_invalid");
    }
    // The first fetch of each, and at most one more because a signature failed under a known kid.
    assert.ok(a.requests.length <= 2 && b.requests.length <= 2, `${a.requests.length}, ${b.requests.length}`);
  } finally {
    await validator.close();
  }
});

test("J53 a key set that grows a thousandfold when unpacked is cut off at the bound", async (context) => {
  const text = JSON.stringify({ keys: [sharedKey("ES256").publicJwk], padding: " ".repeat(64 << 20) });
  const packed = gzipSync(text);
  assert.ok(packed.length < 200_000);
  const source = await startServer(context, (_request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(packed);
  });
  const failures: string[] = [];
  const validator = createValidator({
    issuers: [
      describeIssuer({
        issuer: { issuer: claims.iss, keys: { jwksUri: source.origin, insecureLoopbackHttp: true } },
      }),
    ],
    clock: () => NOW_SECONDS * 1000,
    observer: (event) => {
      if (event.type === "keys_fetch_finished") failures.push(event.result);
    },
  });
  try {
    assert.equal(reasonOf(await validator.validate(issueToken({ claims }))), "keys_unavailable");
    assert.deepEqual([...new Set(failures)], ["too_large"]);
  } finally {
    await validator.close();
  }
});

test("J8 a token of an unknown issuer, and one refused before the key, cause no request at all", async (context) => {
  const source = await startServer(context, serveKeys(sharedKey("ES256")));
  const validator = createRemote({ a: source.origin });
  try {
    const tokens = {
      issuer_untrusted: issueToken({ claims: { iss: `${source.origin}/` } }),
      algorithm_not_allowed: issueToken({ claims, header: { alg: "RS256" } }),
      token_expired: issueToken({ claims: { ...claims, exp: NOW_SECONDS - 100, iat: NOW_SECONDS - 200 } }),
      audience_mismatch: issueToken({ claims: { ...claims, aud: "https://other.example" } }),
      malformed_token: `${issueToken({ claims })}=`,
    };
    for (const [reason, token] of Object.entries(tokens)) {
      assert.equal(reasonOf(await validator.validate(token)), reason);
    }
    assert.equal(source.requests.length, 0);
    assert.equal(reasonOf(await validator.validate(issueToken({ claims }))), "ok");
    assert.equal(source.requests.length, 1);
  } finally {
    await validator.close();
  }
});
