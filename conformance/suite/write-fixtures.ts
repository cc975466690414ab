/**
 * Writes fixtures.generated.ts: `npm run write-fixtures -w conformance`.
 * Every run makes new keys and forgets them; only the HMAC secrets stand in the file, because they have to.
 */

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ALGORITHMS, type AlgorithmName } from "countersign";
import { createCorpus } from "../differential/corpus.ts";
import { createCorpusKeys, publishKeys } from "../differential/corpus-keys.ts";
import { CORPUS_ALGORITHMS } from "../differential/peers.ts";
import { decodeSegment, encodePart, joinSegments, splitToken } from "../kit/raw-token.ts";
import { AUDIENCE, createClaims, ISSUER, issueToken, NOW_SECONDS } from "../kit/scene.ts";
import { createSigningKey, type SigningKey } from "../kit/signing-key.ts";
import type { AlgorithmFixture, Fixtures } from "./fixture.ts";

/** Tokens whose length no runtime judges differently would only swell the file. */
const MAX_TOKEN_LENGTH = 9000;

function createAlgorithmFixture(algorithm: AlgorithmName): AlgorithmFixture {
  const keyAlgorithm = ALGORITHMS[algorithm].aliasOf ?? algorithm;
  const [key, stranger] = [createSigningKey(keyAlgorithm), createSigningKey(keyAlgorithm)];
  const issue = (signer: SigningKey): string => issueToken({ key: signer, header: { alg: algorithm } });
  const sound = issue(key);
  const { header, payload, signature } = splitToken(sound);
  const cut = decodeSegment(signature).subarray(0, -1);
  return {
    algorithm,
    keyId: key.keyId,
    ...(key.secret.length > 0
      ? { secret: Buffer.from(key.secret).toString("base64url") }
      : { jwk: key.publicJwk }),
    sound,
    forged: issue(stranger),
    changed: joinSegments({ header, payload: encodePart(createClaims({ sub: "admin" })), signature }),
    short: joinSegments({ header, payload, signature: encodePart(cut) }),
  };
}

const keys = createCorpusKeys();
const fixtures: Fixtures = {
  issuer: ISSUER,
  audience: AUDIENCE,
  nowSeconds: NOW_SECONDS,
  algorithms: (Object.keys(ALGORITHMS) as AlgorithmName[]).map(createAlgorithmFixture),
  jwks: publishKeys(keys),
  jwksAlgorithms: CORPUS_ALGORITHMS,
  tokens: createCorpus(keys)
    .flatMap(({ cases }) => cases)
    .filter(({ token }) => token.length < MAX_TOKEN_LENGTH)
    .map(({ name, token, expected }) => ({ name, token, expected })),
};

const text = `// Written by write-fixtures.ts; do not edit.

import type { Fixtures } from "./fixture.ts";

export const FIXTURES: Fixtures = ${JSON.stringify(fixtures, undefined, 2)};
`;
writeFileSync(fileURLToPath(new URL("fixtures.generated.ts", import.meta.url)), text);
