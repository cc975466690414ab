/** Keys of proofs, imported once for as long as their clients go on proving them. */

import { platform } from "#platform";
import { importJwk } from "../keys/import-jwk.ts";
import type { VerificationKey } from "../keys/key-source.ts";
import { Refusal } from "../refusal.ts";
import { andThen } from "../signature/and-then.ts";
import type { UnverifiedToken } from "../token/parse-token.ts";
import type { UnverifiedHeader } from "../token/token-header.ts";
import type { EmbeddedKey } from "./parse-proof.ts";
import { refuseProof } from "./refuse-proof.ts";

/** A key that a token is bound to. */
export interface ProofKey {
  /** Its RFC 7638 thumbprint. */
  readonly thumbprint: string;
  readonly key: VerificationKey;
}

const OTHER_KEY = new Refusal("binding_mismatch", {
  expected: "a proof with the key of cnf.jkt",
  found: "another key",
});

/**
 * The key of a proof, where it has the thumbprint that the token names. That is looked at before the key is imported,
 * so that strangers cannot have us do the work for keys that prove nothing.
 */
export function findProofKey(
  found: ProofKey | EmbeddedKey,
  jkt: string,
): ProofKey | Refusal | Promise<ProofKey | Refusal> {
  if ("thumbprint" in found) return found.thumbprint === jkt ? found : OTHER_KEY;
  return andThen(platform.sha256(found.canonicalText), (thumbprint) =>
    thumbprint === jkt ? importProofKey(found, thumbprint) : OTHER_KEY,
  );
}

function importProofKey({ jwk, algorithm }: EmbeddedKey, thumbprint: string): ProofKey | Refusal {
  const imported = importJwk(jwk, { algorithms: [algorithm], source: "inline" });
  if ("keys" in imported) {
    const [key] = imported.keys;
    return key === undefined ? refuseKey("none") : { thumbprint, key };
  }
  // What is ignored elsewhere is described with words of the key itself.
  return refuseKey(imported.exclusion === "refused" ? imported.problem : "one for another use or algorithm");
}

export function refuseKey(found: string): Refusal {
  return refuseProof("a key in jwk that is fit to sign proofs", found);
}

interface KnownProof {
  readonly header: UnverifiedHeader;
  readonly key: ProofKey;
}

/** Keys of verified proofs, by the exact text of the header they stand in: nothing has to be decoded to find one. */
export interface ProofKeyMemory {
  readonly findHeader: (segment: string) => UnverifiedHeader | undefined;
  readonly findKey: (segment: string) => ProofKey | undefined;
  /** Only after the signature: so only holders of bound tokens can fill the memory. */
  readonly remember: (proof: UnverifiedToken, key: ProofKey) => void;
}

/** @param maxKeys The one that was not seen for longest goes when there are more. */
export function createProofKeyMemory(maxKeys: number): ProofKeyMemory {
  const proofs = new Map<string, KnownProof>();
  return {
    findHeader: (segment) => proofs.get(segment)?.header,
    findKey: (segment) => proofs.get(segment)?.key,
    remember({ headerSegment, header }, key) {
      // What is set anew goes to the end.
      proofs.delete(headerSegment);
      proofs.set(headerSegment, { header, key });
      const [oldest] = proofs.keys();
      if (proofs.size > maxKeys && oldest !== undefined) proofs.delete(oldest);
    },
  };
}
