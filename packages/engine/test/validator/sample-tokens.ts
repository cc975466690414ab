/** Texts with the shape of tokens, for memories that read no more of one than its text. */

import { createHash } from "node:crypto";

/** Always the same text for the same number, and another one for every other. */
export function createToken(serial: number, claims: string = "claims"): string {
  return `head.${claims}.${createHash("sha256").update(`${serial}`).digest("base64url")}`;
}

/** Another text that ends as the token does: what is looked up by a text's end meets both. */
export function createTwin(token: string, claims: string = "twin"): string {
  return `head.${claims}${token.slice(token.lastIndexOf("."))}`;
}
