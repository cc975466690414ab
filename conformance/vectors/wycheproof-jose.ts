/** The JOSE files of C2SP/wycheproof, and where this project's judgement differs from a file's label. */

import type { ReasonName } from "countersign";
import type { Jwk } from "../kit/signature-step.ts";

export interface JoseVector {
  readonly tcId: number;
  readonly comment: string;
  readonly result: "valid" | "invalid";
  /** Compact text; some are a JSON serialization as text or as an object. */
  readonly jws?: unknown;
  readonly jwe?: unknown;
}

type GroupKey = Jwk & { readonly keys?: readonly Jwk[] };

export interface JoseGroup {
  readonly comment: string;
  readonly public?: GroupKey;
  readonly private?: GroupKey;
  readonly tests: readonly JoseVector[];
}

export interface JoseFile {
  readonly numberOfTests: number;
  readonly testGroups: readonly JoseGroup[];
}

/** The keys that a verifier of the group has. */
export function verificationKeys({ public: open, private: secret }: JoseGroup): readonly Jwk[] {
  const key = open ?? secret;
  if (key === undefined) throw new Error("A group of vectors has no key");
  return key.keys ?? [key];
}

export interface Exception {
  readonly expected: ReasonName | "verified";
  readonly reason: string;
}

const KEY_DECIDES: Exception = {
  expected: "key_unsuitable",
  reason:
    "the JWK's alg is another than the token's, or no registered name: the key decides (RFC 8725 section 3.1)",
};
const PLAIN: Exception = {
  expected: "verified",
  reason: "nothing is padded: the token is plain base64url with a good MAC, so the label is wrong",
};
const ILLEGAL: Exception = {
  expected: "malformed_token",
  reason: 'a "?" inside a segment is no base64url (RFC 7515 section 2), so the label is wrong',
};

/** `json_web_signature`, by tcId. */
export const SIGNATURE_EXCEPTIONS: Readonly<Record<number, Exception>> = {
  346: KEY_DECIDES,
  347: KEY_DECIDES,
  350: KEY_DECIDES,
  351: KEY_DECIDES,
  367: PLAIN,
  370: PLAIN,
  372: ILLEGAL,
  373: ILLEGAL,
};
