import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import * as jose from "jose";
import { checkConfiguration } from "../../src/config/check-configuration.ts";
import { hashConfiguration } from "../../src/config/hash-configuration.ts";
import { listSecretPlaces } from "../../src/config/secret-places.ts";
import { startSidecar } from "../kit/start-sidecar.ts";

describe("an issuer's encryption in a file", () => {
  let folder: string;
  let issuer: TestIssuer;
  const pairs = [generateKeyPairSync("x25519"), generateKeyPairSync("x25519")];
  const more = { kid: "enc-1", alg: "ECDH-ES+A256KW", use: "enc" };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "countersign-encryption-"));
    issuer = await createTestIssuer();
    for (const [index, { privateKey }] of pairs.entries()) {
      const keys = [{ ...privateKey.export({ format: "jwk" }), ...more }];
      writeFileSync(path.join(folder, `keys-${index}.json`), JSON.stringify({ keys }), { mode: 0o600 });
    }
    const keys = [{ ...pairs[0]?.privateKey.export({ format: "jwk" }), ...more, d: "AAAA" }];
    writeFileSync(path.join(folder, "broken.json"), JSON.stringify({ keys }));
  });
  after(() => rmSync(folder, { recursive: true }));

  const write = (encryption: string): string =>
    `issuers:
  - issuer: "${issuer.issuer}"
    audiences: ["https://api.example.com"]
    keys: { jwks: ${JSON.stringify(issuer.jwks())} }
    encryption: ${encryption}
routes: [{ path: "/**", allow: authenticated }]
`;
  const check = (encryption: string) => checkConfiguration(write(encryption), { env: {}, baseDir: folder });

  it("is read from a file of private keys, is told apart by them, and shows nothing of them", () => {
    const [first, second] = [0, 1].map((index) => check(`{ keys: "file:keys-${index}.json" }`));
    assert.deepEqual([first?.problems, second?.problems], [[], []]);
    const texts = [first, second].map((report) => JSON.stringify(report?.configuration?.issuers));
    assert.notEqual(texts[0], texts[1]);
    const secret = String(pairs[0]?.privateKey.export({ format: "jwk" }).d);
    assert.ok(!texts[0]?.includes(secret));
    assert.ok(first?.configuration && second?.configuration);
    assert.equal(hashConfiguration(first.configuration), hashConfiguration(second.configuration));
  });

  it("is refused where a key is not whole, is public, or is for something else, with its place", () => {
    const [problem] = check('{ keys: "file:broken.json" }').problems;
    assert.equal(problem?.path, "issuers[0].encryption.keys.keys[0]");
    const open = JSON.stringify({ ...pairs[0]?.publicKey.export({ format: "jwk" }), ...more });
    assert.match(String(check(`{ keys: { keys: [${open}] } }`).problems[0]?.problem), /no private part/);
    assert.match(
      String(check('{ keys: "file:keys-0.json", contentEncryptions: [A192GCM] }').problems[0]?.problem),
      /A128GCM/,
    );
  });

  it("is a finding where plain tokens are accepted as well", () => {
    const { findings } = check('{ keys: "file:keys-0.json", plain: accepted }');
    assert.ok(
      findings.some(({ path: at }) => at === "issuers[0].encryption.plain"),
      JSON.stringify(findings),
    );
  });

  it("is among the secrets whose files are looked after", () => {
    const places = listSecretPlaces(write('{ keys: "file:keys-0.json" }'), folder);
    assert.deepEqual(
      places.map(({ path: at, source }) => [at, source]),
      [["issuers[0].encryption.keys", "file"]],
    );
  });

  it("opens tokens in a sidecar", async () => {
    const options = issuer.validatorOptions();
    const file = path.join(folder, "keys-0.json");
    const sidecar = await startSidecar({
      issuers: [{ ...options, encryption: { keys: `file:${file}` } }],
      rest: 'routes: [{ path: "/**", allow: authenticated }]',
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
    try {
      const signed = await issuer.sign({ sub: "alice" });
      const key = await jose.importJWK(pairs[0]?.publicKey.export({ format: "jwk" }) ?? {}, more.alg);
      const encrypted = await new jose.CompactEncrypt(new TextEncoder().encode(signed))
        .setProtectedHeader({ alg: more.alg, kid: more.kid, enc: "A256GCM" })
        .encrypt(key);
      const ask = async (token: string): Promise<number> => {
        const headers = {
          authorization: `Bearer ${token}`,
          "x-forwarded-method": "GET",
          "x-forwarded-proto": "https",
          "x-forwarded-host": "api.example.com",
          "x-forwarded-uri": "/a",
        };
        const response = await fetch(`http://${sidecar.decision}/authz`, { headers });
        await response.arrayBuffer();
        return response.status;
      };
      assert.deepEqual([await ask(encrypted), await ask(signed)], [200, 401]);
    } finally {
      await sidecar.close();
    }
  });
});
