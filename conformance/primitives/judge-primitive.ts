import assert from "node:assert/strict";
import type { Algorithm, AlgorithmName } from "../../packages/engine/src/algorithms.ts";
import { ALGORITHMS } from "../../packages/engine/src/algorithms.ts";
import { importJwk } from "../../packages/engine/src/keys/import-jwk.ts";
import { importSecrets } from "../../packages/engine/src/keys/import-secrets.ts";
import type { VerificationKey } from "../../packages/engine/src/keys/key-source.ts";
import { platform as node } from "../../packages/engine/src/platform/node.ts";
import type { Platform } from "../../packages/engine/src/platform/platform.ts";
import { platform as web } from "../../packages/engine/src/platform/web.ts";
import type { JsonKey } from "./wycheproof-file.ts";

const PLATFORMS = [node, web] as const;

/** What became of a signature: the first thing that spoke against it, or "accepted". */
export type PrimitiveJudgement = "accepted" | "key refused" | "length refused" | "signature refused";

export interface PrimitiveCase {
  readonly algorithm: AlgorithmName;
  /** A public JWK, or the octets of a secret. */
  readonly key: JsonKey | Uint8Array;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Whether any platform of this runtime has the algorithm; Bun and Deno, for instance, lack Ed448. */
export function canJudge(name: AlgorithmName): boolean {
  return PLATFORMS.some((platform) => platform.supports(ALGORITHMS[name]));
}

/**
 * Judges as the signature step does: import, length, primitive. Fails where the platforms disagree, or
 * where none has the algorithm.
 */
export async function judgePrimitive(primitive: PrimitiveCase): Promise<PrimitiveJudgement> {
  const able = PLATFORMS.filter((platform) => platform.supports(ALGORITHMS[primitive.algorithm]));
  const judgements = await Promise.all(able.map((platform) => judgeOn(platform, primitive)));
  const [first, ...others] = judgements;
  for (const other of others) assert.equal(other, first, "the platforms must agree");
  assert.ok(first !== undefined, `no platform has ${primitive.algorithm}`);
  return first;
}

async function judgeOn(platform: Platform, primitive: PrimitiveCase): Promise<PrimitiveJudgement> {
  const algorithm = ALGORITHMS[primitive.algorithm];
  const key = importFor(platform, { algorithm, key: primitive.key });
  if (key === undefined) return "key refused";
  return verifyWith(platform, key, primitive);
}

async function verifyWith(
  platform: Platform,
  key: VerificationKey,
  { signature, signed }: Pick<PrimitiveCase, "signature" | "signed">,
): Promise<PrimitiveJudgement> {
  if (signature.length !== key.signatureBytes) return "length refused";
  const verified = await platform.verify(key.algorithm, await key.native, { signature, signed });
  return verified ? "accepted" : "signature refused";
}

function importFor(
  platform: Platform,
  { algorithm, key }: { algorithm: Algorithm; key: JsonKey | Uint8Array },
): VerificationKey | undefined {
  const algorithms = [algorithm];
  if (key instanceof Uint8Array) return importSecrets([{ bytes: key }], { algorithms, platform }).keys[0];
  const imported = importJwk(key, { algorithms, source: "inline", platform });
  return "keys" in imported ? imported.keys[0] : undefined;
}
