/** A DPoP proof at a resource server, by every rule of RFC 9449 section 4.3. */

import { platform } from "#platform";
import type { Algorithm } from "../algorithms.ts";
import type { NativeKey } from "../platform/platform.ts";
import { Refusal } from "../refusal.ts";
import { andThen } from "../signature/and-then.ts";
import type { UnverifiedToken } from "../token/parse-token.ts";
import type { DpopRules } from "./binding-rules.ts";
import { DpopNonces } from "./dpop-nonces.ts";
import { isSameResource } from "./normalize-uri.ts";
import {
  type EmbeddedKey,
  type ProofClaims,
  parseProof,
  readEmbeddedKey,
  readProofClaims,
} from "./parse-proof.ts";
import {
  createProofKeyMemory,
  findProofKey,
  type ProofKey,
  type ProofKeyMemory,
  refuseKey,
} from "./proof-keys.ts";
import { refuseProof } from "./refuse-proof.ts";
import type { ProofUse } from "./use-once.ts";

/** A proof and what it has to be a proof for. */
export interface ProofSubject {
  readonly proof: string;
  readonly method: string | undefined;
  readonly url: string | undefined;
  /** The access token. */
  readonly token: string;
  /** The thumbprint in the token's `cnf`. */
  readonly jkt: string;
  readonly nowMs: number;
}

type Outcome = ProofUse | Refusal | Promise<ProofUse | Refusal>;

/** A proof on its way, past the checks of form. */
interface Candidate {
  readonly subject: ProofSubject;
  readonly parsed: UnverifiedToken;
  readonly claims: ProofClaims;
  readonly key: ProofKey | EmbeddedKey;
}

/** A proof whose key is the token's, and when it stops being accepted. */
interface KeyedCandidate extends Candidate, Terms {
  readonly key: ProofKey;
}

type Terms = Pick<ProofUse, "expiresAtMs" | "nextNonce">;

/** Most clients whose keys are remembered. */
const MAX_KEYS = 1024;

const OTHER_METHOD = refuseProof("htm to be the request's method", "another method");
const OTHER_URI = refuseProof("htu to be the request's URI, without query and fragment", "another URI");
const OTHER_TOKEN = refuseProof("ath to be the SHA-256 of the access token", "another value");
const BAD_SIGNATURE = refuseProof("a signature by the key in jwk", "one that does not verify");
const REFUSED_KEY = refuseKey("one that the runtime's crypto refuses");

/**
 * Checks form, then claims, then the key, then the signature: what is cheap comes first. Never gives a verified
 * token: that a proof verifies says who holds its key, and nothing that its claims say about anybody.
 */
export class ProofCheck {
  readonly #rules: DpopRules;
  readonly #algorithms: ReadonlyMap<string, Algorithm>;
  readonly #memory: ProofKeyMemory = createProofKeyMemory(MAX_KEYS);
  readonly #nonces: DpopNonces | undefined;

  constructor(rules: DpopRules) {
    this.#rules = rules;
    this.#algorithms = new Map(rules.algorithms.map((algorithm) => [algorithm.name, algorithm]));
    this.#nonces = rules.nonce && new DpopNonces(rules.nonce);
  }

  /** The nonce to hand out at a time; undefined where none is asked for. */
  currentNonce(nowMs: number): string | Promise<string> | undefined {
    return this.#nonces?.current(nowMs);
  }

  /** How the proof's one use is to be recorded, or why it is no proof. */
  run(subject: ProofSubject): Outcome {
    const algorithms = this.#algorithms;
    const memory = this.#memory;
    const parsed = parseProof(subject.proof, { algorithms, knownHeader: memory.findHeader });
    if (parsed instanceof Refusal) return parsed;
    const key = memory.findKey(parsed.headerSegment) ?? readEmbeddedKey(parsed.header, algorithms);
    if (key instanceof Refusal) return key;
    const claims = readProofClaims(parsed.claims);
    if (claims instanceof Refusal) return claims;
    if (claims.htm !== subject.method) return OTHER_METHOD;
    if (subject.url === undefined || !isSameResource(claims.htu, subject.url)) return OTHER_URI;
    return andThen(platform.sha256(subject.token), (ath) =>
      ath === claims.ath ? this.#checkTime({ subject, parsed, claims, key }) : OTHER_TOKEN,
    );
  }

  /** A nonce of ours tells when a proof was made, and better than the client's clock (RFC 9449 section 11.1). */
  #checkTime(candidate: Candidate): Outcome {
    const { nowMs } = candidate.subject;
    const nonces = this.#nonces;
    if (nonces === undefined) return this.#checkIssueTime(candidate, nowMs / 1000);
    const { nonce } = candidate.claims;
    return andThen(nonces.findExpiry(nonce ?? "", nowMs), (expiresAtMs) => {
      if (expiresAtMs !== undefined) {
        return andThen(nonces.findNext(expiresAtMs, nowMs), (nextNonce) =>
          this.#checkKey(candidate, { expiresAtMs, nextNonce }),
        );
      }
      const found = nonce === undefined ? "no nonce" : "another nonce, or one that is too old";
      return andThen(
        nonces.current(nowMs),
        (dpopNonce) =>
          new Refusal("dpop_nonce_required", { expected: "this server's nonce", found, dpopNonce }),
      );
    });
  }

  #checkIssueTime(candidate: Candidate, nowSeconds: number): Outcome {
    const { maxAgeSeconds, clockToleranceSeconds } = this.#rules;
    const { iat } = candidate.claims;
    if (iat > nowSeconds + clockToleranceSeconds) {
      return refuseProof(`iat at most ${clockToleranceSeconds} s in the future`, "a later time");
    }
    if (iat < nowSeconds - maxAgeSeconds)
      return refuseProof(`iat at most ${maxAgeSeconds} s ago`, "an earlier time");
    // An instance whose clock is behind would take the proof for as much longer.
    return this.#checkKey(candidate, { expiresAtMs: (iat + maxAgeSeconds + clockToleranceSeconds) * 1000 });
  }

  #checkKey(candidate: Candidate, terms: Terms): Outcome {
    return andThen(findProofKey(candidate.key, candidate.subject.jkt), (key) =>
      key instanceof Refusal ? key : this.#checkSignature({ ...candidate, key, ...terms }),
    );
  }

  #checkSignature(candidate: KeyedCandidate): Outcome {
    const { parsed, key, claims, expiresAtMs, nextNonce } = candidate;
    return andThen(verify(parsed, key), (refusal) => {
      if (refusal !== undefined) return refusal;
      this.#memory.remember(parsed, key);
      // One proof has one htu, so its text serves; no part can hold the line feed between them.
      const use = platform.sha256(`${key.thumbprint}\n${claims.htu}\n${claims.jti}`);
      const told = nextNonce !== undefined && { nextNonce };
      return andThen(use, (hash) => ({ key: `dpop:${hash}`, expiresAtMs, ...told }));
    });
  }
}

function verify(
  proof: UnverifiedToken,
  { key }: ProofKey,
): Refusal | undefined | Promise<Refusal | undefined> {
  const { signature } = proof;
  if (signature.length !== key.signatureBytes) return BAD_SIGNATURE;
  const signed = platform.encodeAscii(proof.signedText);
  return andThen(settleKey(key.native), (native) => {
    if (native === undefined) return REFUSED_KEY;
    // Whether the proof was used before has to be waited for in any case.
    const valid = platform.verify(key.algorithm, native, { signature, signed, mayWait: true });
    return andThen(valid, (isValid) => (isValid ? undefined : BAD_SIGNATURE));
  });
}

/** Undefined where an asynchronous runtime refuses the key; a synchronous one did so at import. */
function settleKey(
  native: NativeKey | Promise<NativeKey>,
): NativeKey | undefined | Promise<NativeKey | undefined> {
  return native instanceof Promise ? native.catch(() => undefined) : native;
}
