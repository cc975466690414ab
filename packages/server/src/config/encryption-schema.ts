/** The file's form of an issuer's `encryption`. Keys are checked by the library, and by this runtime's crypto. */

import * as z from "zod";

export interface FileEncryption {
  readonly keys: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  readonly contentEncryptions?: readonly string[];
  readonly maxConcurrent?: number;
  readonly plain?: "refused" | "accepted";
}

/** `encryption` of an issuer. */
export const encryptionSchema: z.ZodType<FileEncryption> = z.strictObject({
  keys: z
    .strictObject(
      { keys: z.array(z.record(z.string(), z.unknown())).min(1).max(16) },
      { error: 'Expected a JWK Set, or "file:" and the path of one' },
    )
    .describe(
      'A JWK Set of private keys, each with alg, and with kid where there are several: "file:" and a path.',
    ),
  contentEncryptions: z
    .array(z.string())
    .min(1)
    .exactOptional()
    .describe("Default A128GCM, A256GCM, A128CBC-HS256 and A256CBC-HS512."),
  maxConcurrent: z
    .int()
    .exactOptional()
    .describe("Tokens opened at a time; more get 503. Default 64; 1..1024."),
  plain: z
    .enum(["refused", "accepted"])
    .exactOptional()
    .describe('Tokens that are only signed. Default "refused"; "accepted" while the issuer changes over.'),
});
