import type { IssuerOptions, Validator, ValidatorOptions } from "countersign";
import type { AlgorithmFixture } from "./fixture.ts";
import { FIXTURES } from "./fixtures.generated.ts";
import type { Library } from "./suite-case.ts";

export interface SuiteOptions {
  readonly issuer?: Partial<IssuerOptions>;
  readonly validator?: Partial<ValidatorOptions>;
}

/** A validator with the fixtures' key set and clock. */
export function createSuiteValidator(library: Library, { issuer, validator }: SuiteOptions = {}): Validator {
  return library.createValidator({
    issuers: [
      {
        issuer: FIXTURES.issuer,
        name: "suite",
        audiences: [FIXTURES.audience],
        algorithms: FIXTURES.jwksAlgorithms,
        keys: { jwks: { keys: FIXTURES.jwks } },
        clockToleranceSeconds: 0,
        ...issuer,
      },
    ],
    clock: () => FIXTURES.nowSeconds * 1000,
    ...validator,
  });
}

/** A validator with one fixture's key only. */
export function createAlgorithmValidator(library: Library, fixture: AlgorithmFixture): Validator {
  const { algorithm, keyId, jwk, secret } = fixture;
  const keys =
    secret === undefined ? { jwks: { keys: [jwk] } } : { secrets: [{ id: keyId, base64url: secret }] };
  return createSuiteValidator(library, { issuer: { algorithms: [algorithm], keys } });
}

/** The fixture of an algorithm that every runtime has. */
export function findFixture(algorithm: string): AlgorithmFixture {
  const fixture = FIXTURES.algorithms.find((entry) => entry.algorithm === algorithm);
  if (fixture === undefined) throw new Error(`no fixture of ${algorithm}`);
  return fixture;
}
