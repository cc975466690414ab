/** Hostile tokens that every validator can be asked about, and good ones as a control. */

import { makeToken } from "../kit/raw-token.ts";
import { createClaims, createHeader, NOW_SECONDS } from "../kit/scene.ts";
import type { CorpusGroup } from "./corpus-case.ts";
import { createClaimCases } from "./corpus-claims.ts";
import { createFormCases } from "./corpus-form.ts";
import type { CorpusKeys } from "./corpus-keys.ts";
import { createKeyCases } from "./corpus-keys-and-signatures.ts";

export function createCorpus(keys: CorpusKeys): readonly CorpusGroup[] {
  return [createFormCases(keys), createKeyCases(keys), createClaimCases(keys), createControls(keys)];
}

/** Good tokens: a validator that refuses everything would look strict. */
function createControls({ rsa, ec, ed }: CorpusKeys): CorpusGroup {
  const control = (name: string, key: typeof rsa, claims: object = {}): CorpusGroup["cases"][number] => ({
    name,
    token: makeToken({ header: createHeader(key), payload: createClaims({ ...claims }), key }),
    expected: "ok",
    why: "",
  });
  return {
    title: "Controls",
    cases: [
      control("RS256", rsa),
      control("ES256", ec),
      control("Ed25519 under its own name (RFC 9864)", ed),
      {
        name: "Ed25519 under its older name EdDSA",
        token: makeToken({ header: createHeader(ed, { alg: "EdDSA" }), payload: createClaims(), key: ed }),
        expected: "ok",
        why: "",
      },
      control("exp with a fraction", ec, { exp: NOW_SECONDS + 100.5 }),
      control("two audiences", ec, { aud: ["https://api.example", "https://other.example"] }),
      control("no iat", ec, { iat: undefined }),
    ],
  };
}
