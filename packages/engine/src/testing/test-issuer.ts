import { ALGORITHMS, type AlgorithmName } from "../algorithms.ts";
import type { Clock } from "../ports.ts";
import type { IssuerOptions, KeysOptions } from "../validator/options.ts";
import {
  bindTokens,
  createSigners,
  type IssuerParts,
  type IssuerSigners,
  type TestTokenFunctions,
} from "./issuer-signers.ts";
import { KeyRing, type RotateOptions } from "./key-ring.ts";
import type { KeyServer } from "./key-server.ts";
import { type ServedIssuer, serveIssuer } from "./serve-issuer.ts";
import type { TestJwk, TestKey } from "./test-key.ts";

export interface TestIssuerOptions {
  /** Default "https://issuer.test/", or the server's URL where it serves. */
  readonly issuer?: string;
  /** A key is made for each; the first is the default for signing. Default RS256, ES256, Ed25519. HS* only among themselves. */
  readonly algorithms?: readonly AlgorithmName[];
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
  /** Default "https://api.test". */
  readonly audience?: string;
  /** Publishes keys and metadata over HTTP on 127.0.0.1; close the issuer afterwards. Needs `node:http`. Default false. */
  readonly serve?: boolean;
}

/** Where the validator is to take the keys from. */
export type TestKeysSource = "inline" | "jwksUri" | "discovery";

/** An issuer in the same process: keys, key set, tokens of every kind. */
export interface TestIssuer extends IssuerSigners {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly AlgorithmName[];
  readonly tokens: TestTokenFunctions;
  /** Undefined where it does not serve; so is `server`. */
  readonly jwksUri: string | undefined;
  /** Counts requests and plays faults. */
  readonly server: KeyServer | undefined;
  /** The published keys as a JWK Set (RFC 7517 section 5), as of now. */
  jwks(): { readonly keys: readonly TestJwk[] };
  /** The key that signs for an algorithm. */
  key(algorithm?: AlgorithmName): TestKey;
  /** Makes a new key for an algorithm and signs with it; gives its kid. */
  rotate(algorithm: AlgorithmName, options?: RotateOptions): Promise<string>;
  /** Signs with this published key from now on. */
  activate(keyId: string): void;
  /** Takes a key out of the set; if it signs, it goes on signing. Tells whether it was there. */
  removeKey(keyId: string): boolean;
  /**
   * A row of the validator's `issuers` that trusts this issuer. Keys given inline (the default, unless it serves)
   * are those of now. @throws TypeError for a remote source where it does not serve.
   */
  validatorOptions(source?: TestKeysSource): IssuerOptions;
  /** Stops serving; idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates an issuer for tests. Unless it serves, it needs no network and runs on every runtime.
 *
 *     const clock = createTestClock();
 *     const issuer = await createTestIssuer({ clock });
 *     const validator = createValidator({ issuers: [issuer.validatorOptions()], clock });
 *     const verdict = await validator.validate(await issuer.tokens.expired());
 *     // verdict.reason === "token_expired"
 *
 * @throws TypeError where HS* stands beside other algorithms, for no validator takes both, or is to be served.
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const {
    algorithms = ["RS256", "ES256", "Ed25519"],
    clock = Date.now,
    audience = "https://api.test",
  } = options;
  refuseMixture(algorithms, options.serve === true);
  const ring = await KeyRing.create(algorithms);
  const served = options.serve === true ? await serveIssuer(ring, options.issuer) : undefined;
  const issuer = served?.issuer ?? options.issuer ?? "https://issuer.test/";
  return assembleIssuer({ ring, clock, issuer, audience }, served);
}

function assembleIssuer(parts: IssuerParts, served: ServedIssuer | undefined): TestIssuer {
  const { ring, issuer, audience } = parts;
  const { algorithms } = ring;
  const close = async (): Promise<void> => served?.server.close();
  return Object.freeze({
    issuer,
    audience,
    algorithms,
    ...createSigners(parts),
    tokens: bindTokens(parts),
    jwksUri: served?.jwksUri,
    server: served?.server,
    jwks: () => ring.jwks(),
    key: (algorithm?: AlgorithmName) => ring.active(algorithm),
    rotate: (algorithm: AlgorithmName, options?: RotateOptions) => ring.rotate(algorithm, options),
    activate: (keyId: string) => ring.activate(keyId),
    removeKey: (keyId: string) => ring.remove(keyId),
    validatorOptions: (source: TestKeysSource = served === undefined ? "inline" : "jwksUri") => {
      const keys = source === "inline" ? inlineKeys(ring) : remoteKeys(source, served);
      return { issuer, audiences: [audience], algorithms, keys };
    },
    close,
    [Symbol.asyncDispose]: close,
  });
}

function remoteKeys(source: "jwksUri" | "discovery", served: ServedIssuer | undefined): KeysOptions {
  if (served === undefined) throw new TypeError(`expected an issuer made with { serve: true } for ${source}`);
  const how = source === "discovery" ? ({ discovery: true } as const) : { jwksUri: served.jwksUri };
  return { ...how, insecureLoopbackHttp: true };
}

function inlineKeys(ring: KeyRing): KeysOptions {
  const secrets = ring.secrets();
  return secrets.length > 0 ? { secrets } : { jwks: ring.jwks() };
}

function refuseMixture(algorithms: readonly AlgorithmName[], serve: boolean): void {
  const secrets = algorithms.filter((name) => ALGORITHMS[name].family === "hmac").length;
  if (algorithms.length === 0) throw new TypeError("expected at least one algorithm, found none");
  if (secrets > 0 && serve)
    throw new TypeError("expected no HS* where keys are served: secrets are not published");
  if (secrets === 0 || secrets === algorithms.length) return;
  throw new TypeError("expected HS* only among themselves, found others beside; use two issuers");
}
