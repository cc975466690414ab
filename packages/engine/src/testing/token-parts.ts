/** Takes valid tokens apart, for those who put them together wrongly. */

import { encodeBase64url } from "./encode-base64url.ts";
import type { TokenSigner } from "./test-token.ts";

/** The three parts of a compact token as they stand. */
export function splitToken(token: string): readonly [header: string, payload: string, signature: string] {
  const [header = "", payload = "", signature = ""] = token.split(".");
  return [header, payload, signature];
}

/** A JSON value as a token part. */
export function encodeJson(value: unknown): string {
  return encodeBase64url(JSON.stringify(value));
}

/** The header and the claims of a valid token as text, to be rewritten. */
export async function writeTexts({
  sign,
}: TokenSigner): Promise<{ readonly headerText: string; readonly payloadText: string }> {
  const [header, payload] = splitToken(await sign());
  const decode = (part: string): string => {
    const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
  };
  return { headerText: decode(header), payloadText: decode(payload) };
}
