import { checkOptions, type OptOutMember } from "./check-options.ts";
import { ConfigurationError, type ConfigurationProblem } from "./configuration-error.ts";

/** An option in force that weakens safety: always explicit, named, and told. */
export interface OptOut {
  /** Alias of the issuer that it is for. */
  readonly issuer: string | undefined;
  readonly path: string;
  readonly value: string;
  /** What is no longer checked. */
  readonly consequence: string;
}

export interface OptionsReport {
  readonly problems: readonly ConfigurationProblem[];
  /** Known only where there are no problems. */
  readonly optOuts: readonly OptOut[];
}

/** Beside the checks and not in them, so that whoever only validates does not carry the text. */
const CONSEQUENCES: Readonly<Record<OptOutMember, string>> = {
  audiences: "Tokens that the issuer made for other services are accepted here",
  expiry: "Tokens without exp are accepted for ever",
  binding: "Tokens that are bound to a key are accepted from whoever holds them",
  maxLifetimeSeconds: "Tokens of any lifetime are accepted",
  tenants: "Tokens of whoever has an account at the issuer are accepted",
  "encryption.plain": "Tokens that are only signed are accepted beside encrypted ones",
  "keys.insecureLoopbackHttp": "Keys may be fetched without TLS from this machine",
};

/** What is wrong with options, and which opt-outs they hold. For linters: `createValidator` throws the problems. */
export function inspectOptions(options: unknown): OptionsReport {
  try {
    const { optOuts } = checkOptions(options);
    const explained = optOuts.map(({ member, ...optOut }) => ({
      ...optOut,
      consequence: CONSEQUENCES[member],
    }));
    return { problems: [], optOuts: explained };
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems, optOuts: [] };
    throw error;
  }
}
