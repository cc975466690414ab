import type { AlgorithmName } from "../algorithms.ts";
import type { JsonObject } from "../token/json-value.ts";
import { encodeBase64url, toBytes } from "./encode-base64url.ts";
import type { TestKey } from "./test-key.ts";

/** Claims to put over the defaults; one that is undefined takes the default away. */
export type TestClaims = JsonObject;

export interface SignOptions {
  /** Which of the issuer's keys signs. Default its first algorithm. */
  readonly algorithm?: AlgorithmName;
  /** Header parameters to put over `alg`, `kid` and `typ` ("at+jwt"); undefined takes one away. */
  readonly header?: JsonObject;
  /** Signs with this key instead, such as one that the issuer does not publish. */
  readonly key?: TestKey;
  /** Default claims to leave out. */
  readonly omit?: readonly string[];
}

/** A token from raw parts, for headers and payloads that no JSON writer would write. */
export interface RawParts {
  /** The header's exact text, or its octets. */
  readonly headerText: string | Uint8Array;
  /** The payload's exact text, or its octets. */
  readonly payloadText: string | Uint8Array;
  readonly algorithm?: AlgorithmName;
  readonly key?: TestKey;
}

/** Signs exactly these octets; the header may say anything. */
export async function signParts(parts: RawParts, key: TestKey): Promise<string> {
  const input = `${encodeBase64url(parts.headerText)}.${encodeBase64url(parts.payloadText)}`;
  return `${input}.${encodeBase64url(await key.sign(toBytes(input)))}`;
}
