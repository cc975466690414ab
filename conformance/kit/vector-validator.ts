import { createValidator, type IssuerOptions, type Validator } from "countersign";
import { allowAlgorithms, areSecrets, type Jwk, toPublic, toSecret } from "./signature-step.ts";

export interface VectorIssuer {
  readonly issuer: string;
  readonly keys: readonly Jwk[];
  readonly nowSeconds: number;
  readonly changes?: Partial<IssuerOptions>;
}

/** A validator for the keys of a published vector, through the public API. @throws ConfigurationError for keys that it refuses. */
export function createVectorValidator({ issuer, keys, nowSeconds, changes }: VectorIssuer): Validator {
  return createValidator({
    issuers: [
      {
        issuer,
        name: "vectors",
        audiences: "unchecked",
        algorithms: allowAlgorithms(keys),
        keys: areSecrets(keys) ? { secrets: keys.map(toSecret) } : { jwks: { keys: keys.map(toPublic) } },
        maxLifetimeSeconds: "unchecked",
        ...changes,
      },
    ],
    clock: () => nowSeconds * 1000,
    limits: { tokenBytes: 65_536 },
  });
}
