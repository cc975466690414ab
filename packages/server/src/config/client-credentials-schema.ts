/** The file's form of who we are to an authorization server, and of what its endpoints may take. */

import { createPrivateKey } from "node:crypto";
import * as z from "zod";

import type { ClientAlgorithm, ClientAuthentication, ClientCredentials } from "./client-credentials.ts";
import { upstreamTlsSchema } from "./upstream-schema.ts";
import type { UpstreamTlsConfiguration } from "./upstream-tls-configuration.ts";

const text = z.string().min(1).max(2048);
const pem = z.string().min(1).max(65_536);

export const clientAlgorithmSchema: z.ZodType<ClientAlgorithm> = z.enum([
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "Ed25519",
]);

/** A whole number with its bounds and what it is by default. */
export function whole(
  range: { min: number; max: number; fallback: number },
  told: string,
): z.ZodDefault<z.ZodInt> {
  return z.int().min(range.min).max(range.max).default(range.fallback).describe(told);
}

type Optional<T> = z.ZodExactOptional<z.ZodType<T>>;

interface ClientCredentialsShape {
  readonly clientId: z.ZodType<string>;
  readonly authentication: Optional<ClientAuthentication>;
  readonly clientSecret: Optional<string>;
  readonly privateKey: Optional<string>;
  readonly keyId: Optional<string>;
  readonly algorithm: Optional<ClientAlgorithm>;
  readonly assertionAudience: Optional<string>;
  readonly tls: Optional<UpstreamTlsConfiguration>;
}

/** Members for a strict object; `findCredentialProblems` sees to what they need of each other. */
export const clientCredentialsShape: ClientCredentialsShape = {
  clientId: text.describe("Who we are to the issuer."),
  authentication: z
    .enum(["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"])
    .exactOptional()
    .describe("Default by what is given: clientSecret (basic), privateKey, or tls.certificate."),
  clientSecret: text.exactOptional().describe('"${NAME}" of the environment, or "file:" and a path.'),
  privateKey: pem
    .exactOptional()
    .describe('For private_key_jwt: PEM (PKCS #8), "${NAME}", or "file:" and a path.'),
  keyId: text.exactOptional().describe("The kid of assertions."),
  algorithm: clientAlgorithmSchema
    .exactOptional()
    .describe("Of assertions. Default by key: RS256, ES256 or Ed25519."),
  assertionAudience: text.exactOptional().describe("The aud of assertions. Default the issuer."),
  tls: upstreamTlsSchema.exactOptional().describe("Toward the endpoint. PEM, or `file:` and a path."),
};

/** Members for a strict object. */
export const endpointBoundsShape: Readonly<
  Record<"timeoutMs" | "maxConcurrent" | "maxQueued", z.ZodDefault<z.ZodInt>>
> = {
  timeoutMs: whole({ min: 100, max: 10_000, fallback: 2000 }, "Until the whole answer, waiting included."),
  maxConcurrent: whole({ min: 1, max: 1024, fallback: 64 }, "Questions at the same time."),
  maxQueued: whole({ min: 0, max: 65_536, fallback: 256 }, "Questions that wait; more are answered 503."),
};

/** A problem of one member, with its path joined by dots. */
export type MemberProblem = readonly [path: string, message: string];

/** What is wrong with an endpoint's URL; undefined where nothing is. */
export function checkEndpointUrl(url: string, isLoopbackFree: boolean): string | undefined {
  if (!URL.canParse(url)) return "Expected a URL";
  const { protocol, hostname, username, password, hash } = new URL(url);
  if (username !== "" || password !== "" || hash !== "")
    return "Expected a URL without user, password and fragment";
  if (protocol === "https:") return undefined;
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  if (protocol === "http:" && isLoopback && isLoopbackFree) return undefined;
  return "Expected https; http only to this machine, with insecureLoopbackHttp";
}

/** Exactly one way to say who we are, with all that it needs and nothing that it does not use. Never shows a secret. */
export function findCredentialProblems(given: ClientCredentials): readonly MemberProblem[] {
  const { authentication, clientSecret, privateKey, tls } = given;
  if (clientSecret !== undefined && privateKey !== undefined)
    return [["clientSecret", "Expected either clientSecret or privateKey, found both"]];
  const needed = {
    client_secret_basic: ["clientSecret", clientSecret],
    client_secret_post: ["clientSecret", clientSecret],
    private_key_jwt: ["privateKey", privateKey],
    tls_client_auth: ["tls", tls?.certificate],
  } as const;
  if (authentication === undefined) {
    const isGiven = Object.values(needed).some(([, value]) => value !== undefined);
    return isGiven
      ? checkKey(given)
      : [["clientId", "Expected clientSecret, privateKey or tls.certificate beside it"]];
  }
  const [member, value] = needed[authentication];
  if (value === undefined) return [[member, `Expected what ${authentication} needs`]];
  const unused = (["clientSecret", "privateKey"] as const).find(
    (name) => name !== member && given[name] !== undefined,
  );
  if (unused !== undefined) return [[unused, `Expected none: ${authentication} does not use it`]];
  return checkKey(given);
}

const KEY_TYPES: Readonly<Record<ClientAlgorithm, string>> = {
  RS256: "rsa",
  RS384: "rsa",
  RS512: "rsa",
  PS256: "rsa",
  PS384: "rsa",
  PS512: "rsa",
  ES256: "prime256v1",
  ES384: "secp384r1",
  ES512: "secp521r1",
  Ed25519: "ed25519",
};

function checkKey({ privateKey, algorithm: chosen }: ClientCredentials): readonly MemberProblem[] {
  if (privateKey === undefined) return [];
  try {
    const { asymmetricKeyType: type = "", asymmetricKeyDetails: details } = createPrivateKey(privateKey);
    const kind = type === "ec" ? (details?.namedCurve ?? "") : type;
    const isWeak = type === "rsa" && (details?.modulusLength ?? 0) < 2048;
    if (!isWeak && (chosen === undefined ? Object.values(KEY_TYPES) : [KEY_TYPES[chosen]]).includes(kind))
      return [];
    return [
      [
        "privateKey",
        "Expected a key that the algorithm can use, of RSA with 2048 bits or more, P-256, P-384, P-521 or Ed25519",
      ],
    ];
  } catch {
    return [["privateKey", "Expected a PEM private key (PKCS #8) without passphrase"]];
  }
}
