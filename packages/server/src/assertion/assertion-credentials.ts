/** The assertion as a header toward the upstream. */

import type { AssertionConfiguration } from "../config/assertion-configuration.ts";
import type { FindAudience } from "../config/route-assertion.ts";
import { createRefusal } from "../decision/create-refusal.ts";
import type { CredentialResult, UpstreamCredentials } from "../decision/upstream-credentials.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { createPrincipalDescriber } from "./assertion-claims.ts";
import type { MintAssertion } from "./mint-assertion.ts";

export interface AssertionCredentialsSetup {
  readonly configuration: AssertionConfiguration;
  /** Of the identity headers. */
  readonly prefix: string;
  readonly findAudience: FindAudience;
  readonly mint: MintAssertion;
  readonly logger: OperationalLog;
}

/** Longest assertion: with the other identity headers it has to fit what servers take. */
const MAX_ASSERTION_BYTES = 4096;
const RETRY_SECONDS = 1;

export function createAssertionCredentials(setup: AssertionCredentialsSetup): UpstreamCredentials {
  const { configuration, mint, findAudience, logger } = setup;
  const name = `${setup.prefix}${configuration.header}`;
  const describe = createPrincipalDescriber(configuration);
  return {
    names: [name],
    obtain({ route, verdict }) {
      const { issuer, expiresAt } = verdict.token;
      const conclude = (value: string): CredentialResult => {
        if (value.length <= MAX_ASSERTION_BYTES) return { ok: true, headers: [[name, value]] };
        const expected = `an identity of a bounded length; ${name} is longer`;
        return { ok: false, rejected: createRefusal("policy_denied", { issuer, expected }) };
      };
      const fail = (error: unknown): CredentialResult => {
        logger.error({ err: error }, "an identity could not be signed; the request was refused");
        const rejected = createRefusal("internal_error", { issuer, retryAfterSeconds: RETRY_SECONDS });
        return { ok: false, rejected };
      };
      const minted = mint(describe(verdict, findAudience(route)), expiresAt);
      return typeof minted === "string" ? conclude(minted) : minted.then(conclude, fail);
    },
  };
}
