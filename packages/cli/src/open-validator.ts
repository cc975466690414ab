import { createReadStream } from "node:fs";
import type {
  AlgorithmName,
  EngineEvent,
  IssuerOptions,
  KeysOptions,
  ProfileName,
  Validator,
  ValidatorOptions,
} from "countersign";
import { ConfigurationError, createValidator, inspectOptions } from "countersign";
import { CommandFailure } from "./command-failure.ts";
import { EXIT } from "./exit-code.ts";
import { describeConfigurationError } from "./output/configuration-problems.ts";
import { readBounded } from "./read-bounded.ts";
import type { Terminal } from "./terminal.ts";
import { reportWarning } from "./terminal.ts";

/** The flags of `verify` and `explain` that say what to hold a token against. */
export interface ValidatorFlags {
  readonly config?: string;
  readonly issuer?: string;
  readonly audience?: readonly string[];
  /** A file or a URL. */
  readonly jwks?: string;
  readonly algorithms?: readonly string[];
  readonly profile?: ProfileName;
  readonly tenant?: readonly string[];
  readonly insecureLoopbackHttp?: true;
  /** Milliseconds since the epoch. */
  readonly at?: number;
}

/** A validator, and what happened to its keys. */
export interface OpenedValidator {
  readonly validator: Validator;
  /** What went wrong while keys were fetched, for people. */
  readonly keyFailures: readonly string[];
}

const MAX_JWKS_BYTES = 1_048_576;

/**
 * Makes the validator that the flags describe. Warns of opt-outs that the flags hold; those of a file are
 * the business of `check`.
 *
 * @throws CommandFailure exit 2, with every problem of the configuration.
 */
export async function openValidator(flags: ValidatorFlags, terminal: Terminal): Promise<OpenedValidator> {
  const keyFailures: string[] = [];
  const observer = (event: EngineEvent): void => {
    const failure = describeKeyFailure(event);
    if (failure !== undefined && keyFailures.length < 16) keyFailures.push(failure);
  };
  const { at } = flags;
  try {
    const options = await readOptions(flags);
    const validator = createValidator({ ...options, observer, ...(at !== undefined && { clock: () => at }) });
    if (flags.config === undefined) {
      for (const { consequence } of inspectOptions(options).optOuts) reportWarning(terminal, consequence);
    }
    return { validator, keyFailures };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw describeConfigurationError(error, flags.config);
  }
}

async function readOptions(flags: ValidatorFlags): Promise<ValidatorOptions> {
  const { config, issuer, audience } = flags;
  if (config !== undefined && issuer !== undefined) {
    throw new CommandFailure("--config and --issuer exclude each other", { exitCode: EXIT.usage });
  }
  if (config !== undefined) {
    const { loadValidatorOptions } = await import("./load-configuration.ts");
    return loadValidatorOptions(config);
  }
  if (issuer === undefined || audience === undefined) {
    throw new CommandFailure("nothing to hold the token against", {
      exitCode: EXIT.usage,
      hints: ["name --config FILE, or --issuer URL with --audience NAME"],
    });
  }
  const options: IssuerOptions = {
    issuer,
    ...(!URL.canParse(issuer) && { name: "issuer" }),
    audiences: readUnchecked(audience),
    keys: await readKeys(flags),
    // Unknown names are reported by the engine, together with everything else that is wrong.
    ...(flags.algorithms !== undefined && { algorithms: flags.algorithms as readonly AlgorithmName[] }),
    ...(flags.profile !== undefined && { profile: flags.profile }),
    ...(flags.tenant !== undefined && { tenants: readUnchecked(flags.tenant) }),
  };
  return { issuers: [options] };
}

function readUnchecked(names: readonly string[]): readonly string[] | "unchecked" {
  const [only] = names;
  return names.length === 1 && only === "unchecked" ? "unchecked" : names;
}

async function readKeys({ jwks, insecureLoopbackHttp }: ValidatorFlags): Promise<KeysOptions> {
  const loopback = insecureLoopbackHttp === true && { insecureLoopbackHttp };
  if (jwks === undefined) return { discovery: true, ...loopback };
  if (/^https?:\/\//i.test(jwks)) return { jwksUri: jwks, ...loopback };
  const text = await readBounded(createReadStream(jwks), { name: jwks, maxBytes: MAX_JWKS_BYTES });
  try {
    return { jwks: JSON.parse(text) as { readonly keys: readonly unknown[] } };
  } catch {
    throw new CommandFailure(
      `cannot use the key set ${jwks}: expected JSON of a JWK Set (RFC 7517 section 5)`,
      {
        exitCode: EXIT.usage,
      },
    );
  }
}

function describeKeyFailure(event: EngineEvent): string | undefined {
  if (event.type === "key_refused")
    return `keys of ${event.issuer}: key ${event.index} is refused: ${event.problem}`;
  if (event.type !== "keys_fetch_finished" || event.detail === undefined) return undefined;
  return event.result === "success" || event.result === "not_modified"
    ? undefined
    : `keys of ${event.issuer}: ${event.result}: ${event.detail}`;
}
