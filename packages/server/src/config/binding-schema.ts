/** The file's form of the library's `BindingOptions`. Meaning and ranges are checked by the library itself. */

import * as z from "zod";

/** Names of algorithms are still any text: the library says which it knows. */
export type FileBinding = "required" | "unchecked" | FileBindingOptions;

interface FileBindingOptions {
  readonly dpop?: FileDpop | "refused";
  readonly mtls?: "accepted" | "refused";
  readonly unbound?: "accepted" | "refused";
}

interface FileDpop {
  readonly algorithms?: readonly string[];
  readonly maxAgeSeconds?: number;
  readonly clockToleranceSeconds?: number;
  readonly nonce?: {
    readonly secrets: readonly { readonly base64url: string }[];
    readonly stepSeconds?: number;
  };
}

const acceptance = z.enum(["accepted", "refused"]).exactOptional();

const nonce = z.strictObject({
  secrets: z
    .array(
      z.strictObject({
        base64url: z
          .string()
          .describe('32 octets or more; "${NAME}" of the environment, or "file:" and a path.'),
      }),
    )
    .min(1)
    .max(4)
    .describe("The same for all instances. The first makes nonces, those of all are accepted."),
  stepSeconds: z.int().exactOptional().describe("Default 60; 5..3600."),
});

const dpop = z.strictObject({
  algorithms: z.array(z.string()).min(1).exactOptional().describe("Default ES256, PS256, Ed25519, EdDSA."),
  maxAgeSeconds: z.number().exactOptional().describe("After a proof's iat. Default 60; 1..600."),
  clockToleranceSeconds: z.number().exactOptional().describe("Before a proof's iat. Default 10; 0..60."),
  nonce: nonce.exactOptional().describe("Asks for nonces of this server (RFC 9449 section 9)."),
});

const options = z.strictObject({
  dpop: z
    .union([z.literal("refused"), dpop], { error: 'Expected "refused" or an object' })
    .exactOptional()
    .describe('How DPoP proofs are checked (RFC 9449); "refused" refuses tokens bound by jkt.'),
  mtls: acceptance.describe("Tokens that are bound to a client certificate (RFC 8705)."),
  unbound: acceptance.describe('Tokens without cnf; "refused" demands a binding of every token.'),
});

/** `binding` of an issuer. */
export const bindingSchema: z.ZodType<FileBinding> = z
  .union([z.enum(["required", "unchecked"]), options], {
    error: 'Expected "required", "unchecked" or an object with dpop, mtls and unbound',
  })
  .describe(
    'How tokens with cnf are checked. "unchecked" admits them without proof of their key. Default "required".',
  );
