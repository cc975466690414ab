import assert from "node:assert/strict";
import { ALGORITHMS, findAlgorithm } from "../../packages/engine/src/algorithms.ts";
import { importSecrets } from "../../packages/engine/src/keys/import-secrets.ts";
import type { ImportedKeySet } from "../../packages/engine/src/keys/key-set.ts";
import { importKeySet } from "../../packages/engine/src/keys/key-set.ts";
import { platform as node } from "../../packages/engine/src/platform/node.ts";
import type { Platform } from "../../packages/engine/src/platform/platform.ts";
import { platform as web } from "../../packages/engine/src/platform/web.ts";
import { type JsonKey, testVectors, type WycheproofGroup } from "./wycheproof-file.ts";

const PRIVATE_MEMBERS: readonly string[] = ["d", "p", "q", "dp", "dq", "qi"];
const algorithms = Object.values(ALGORITHMS);

const NO_SECRET_ALGORITHM = /no algorithm that is allowed for this issuer uses a secret/;

/** What is said of the keys, by tcId; nothing is said of the others. */
const PROBLEMS: Readonly<Record<number, RegExp>> = {
  1: /a symmetric key in a set of public keys/,
  4: /another secret has the same id/,
  6: /"use" is "enc", not "sig"/,
  7: /CVE-2017-15361 \(ROCA\)/,
  8: /modulus has 1024 bits; at least 2048/,
  9: /exponent is 1; at least 65537/,
  10: /the secret has 31 octets; HS256 needs 32/,
  11: /the secret has 47 octets; HS384 needs 48/,
  12: /the secret has 63 octets; HS512 needs 64/,
  16: /"base64url" is empty/,
  17: /"base64url" is empty/,
  18: /"base64url" is empty/,
  19: /"alg" "ES521" is no supported signature algorithm/,
  20: /"alg" "ES224" is no supported signature algorithm/,
  21: /"use" is "enc", not "sig"/,
  22: /not on the curve P-256/,
  23: /"alg" ES256 does not fit EC keys on P-384/,
  24: /"alg" ES256 does not fit RSA keys/,
  25: NO_SECRET_ALGORITHM,
  26: NO_SECRET_ALGORITHM,
};

function withoutPrivateMembers(key: JsonKey): JsonKey {
  return Object.fromEntries(Object.entries(key).filter(([name]) => !PRIVATE_MEMBERS.includes(name)));
}

/** As a user has to configure the keys: public ones as a set, shared ones as secrets. */
function importGroup(group: WycheproofGroup, platform: Platform): ImportedKeySet {
  const keys = group.public?.keys ?? group.private?.keys ?? [];
  if (keys.every(({ kty }) => kty === "oct")) {
    const secrets = keys.map(({ kid, k }) => ({ id: kid, base64url: k }));
    const allowed = keys.flatMap(({ alg }) => findAlgorithm(String(alg)) ?? []);
    return importSecrets(secrets, { algorithms: allowed, platform });
  }
  const context = { algorithms, source: "inline", platform } as const;
  return importKeySet({ keys: keys.map(withoutPrivateMembers) }, context);
}

async function accepts(
  set: ImportedKeySet,
  { jws, platform }: { jws: string; platform: Platform },
): Promise<boolean> {
  const [header = "", payload = "", signature = ""] = jws.split(".");
  const parsed: unknown = JSON.parse(Buffer.from(header, "base64url").toString());
  const { alg, kid } = parsed as { alg: string; kid: string };
  const algorithm = findAlgorithm(alg);
  assert.ok(algorithm !== undefined);
  const lookup = set.find({ algorithm, keyId: kid });
  if (lookup.kind !== "found") return false;
  const input = {
    signature: Buffer.from(signature, "base64url"),
    signed: Buffer.from(`${header}.${payload}`),
  };
  for (const key of lookup.keys) {
    if (input.signature.length !== key.signatureBytes) continue;
    if (await platform.verify(key.algorithm, await key.native, input)) return true;
  }
  return false;
}

testVectors({ name: "json_web_key" }, async (groups) => {
  let accepted = 0;
  for (const group of groups) {
    for (const platform of [node, web]) {
      const set = await importGroup(group, platform).settle();
      const problems = [...set.refused, ...set.ignored].map(({ problem }) => problem);
      for (const { tcId, comment, jws = "", result } of group.tests) {
        const name = `tcId ${tcId} ${comment} on ${platform.name}`;
        const verdict = await accepts(set, { jws, platform });
        assert.equal(verdict, result === "valid", name);
        if (verdict) accepted++;
        const problem = PROBLEMS[tcId];
        if (problem !== undefined) assert.match(problems.join("\n"), problem, name);
        else assert.deepEqual(problems, [], name);
      }
    }
  }
  assert.equal(accepted, 2 * 5);
});
