/** The file's form of `introspection` of an issuer. */

import { createPrivateKey } from "node:crypto";
import * as z from "zod";

import type { IntrospectionAlgorithm, IntrospectionConfiguration } from "./introspection-configuration.ts";
import { upstreamTlsSchema } from "./upstream-schema.ts";

const text = z.string().min(1).max(2048);
const pem = z.string().min(1).max(65_536);

const algorithm = z.enum([
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

function whole(range: { min: number; max: number; fallback: number }, told: string): z.ZodDefault<z.ZodInt> {
  return z.int().min(range.min).max(range.max).default(range.fallback).describe(told);
}

const signedAnswers = z.strictObject({
  jwksUri: text.describe("Key set of those who sign answers; as `endpoint`."),
  algorithms: z.array(algorithm).min(1).default(["RS256", "PS256", "ES256", "Ed25519"]),
  audiences: z
    .array(text)
    .min(1)
    .max(64)
    .exactOptional()
    .describe("One of these must be in aud. Default the client, and the issuer's audiences."),
});

/** `introspection` of an entry of `issuers`. */
export const introspectionSchema: z.ZodType<IntrospectionConfiguration> = z
  .strictObject({
    endpoint: text.describe("https, or http to loopback with insecureLoopbackHttp."),
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
    algorithm: algorithm.exactOptional().describe("Of assertions. Default by key: RS256, ES256 or Ed25519."),
    assertionAudience: text.exactOptional().describe("The aud of assertions. Default the issuer."),
    tls: upstreamTlsSchema.exactOptional().describe("Toward the endpoint. PEM, or `file:` and a path."),
    opaqueTokens: z
      .boolean()
      .default(true)
      .describe("Tokens that are no JWT are asked about here. At most one issuer may."),
    jwts: z
      .enum(["routes", "always"])
      .default("routes")
      .describe("JWTs that are good by themselves: on routes with `introspect`, or all of them."),
    jwtsOlderThanSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .exactOptional()
      .describe("JWTs that were issued longer ago, or do not say when, on every route."),
    cacheSeconds: whole({ min: 0, max: 300, fallback: 60 }, '"active" is believed so long, never past exp.'),
    negativeCacheSeconds: whole({ min: 0, max: 5, fallback: 5 }, '"inactive" is believed so long.'),
    maxCacheEntries: whole({ min: 1, max: 1_000_000, fallback: 10_000 }, "Answers that are remembered."),
    timeoutMs: whole({ min: 100, max: 10_000, fallback: 2000 }, "Until the whole answer, waiting included."),
    maxConcurrent: whole({ min: 1, max: 1024, fallback: 64 }, "Questions at the same time."),
    maxQueued: whole({ min: 0, max: 65_536, fallback: 256 }, "Questions that wait; more are answered 503."),
    signedAnswers: signedAnswers
      .exactOptional()
      .describe("Answers must be signed (RFC 9701). Default: they need not be."),
    insecureLoopbackHttp: z
      .boolean()
      .default(false)
      .describe("Admits http to this machine, for development."),
  })
  .superRefine((introspection, context) => {
    for (const [path, message] of findProblems(introspection)) {
      context.addIssue({ code: "custom", path: path.split("."), message });
    }
  });

type Problem = readonly [path: string, message: string];

function findProblems(given: IntrospectionConfiguration): readonly Problem[] {
  const { endpoint, signedAnswers: signed, insecureLoopbackHttp: isLoopbackFree } = given;
  const urls: readonly Problem[] = [
    ["endpoint", endpoint],
    ...(signed === undefined ? [] : [["signedAnswers.jwksUri", signed.jwksUri] as const]),
  ];
  return [
    ...urls.flatMap(([path, url]) => {
      const problem = checkUrl(url, isLoopbackFree);
      return problem === undefined ? [] : [[path, problem] as const];
    }),
    ...findCredentialProblems(given),
  ];
}

function checkUrl(url: string, isLoopbackFree: boolean): string | undefined {
  if (!URL.canParse(url)) return "Expected a URL";
  const { protocol, hostname, username, password, hash } = new URL(url);
  if (username !== "" || password !== "" || hash !== "")
    return "Expected a URL without user, password and fragment";
  if (protocol === "https:") return undefined;
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  if (protocol === "http:" && isLoopback && isLoopbackFree) return undefined;
  return "Expected https; http only to this machine, with insecureLoopbackHttp";
}

/** Exactly one way to say who we are, with all that it needs and nothing that it does not use. */
function findCredentialProblems(given: IntrospectionConfiguration): readonly Problem[] {
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

const KEY_TYPES: Readonly<Record<IntrospectionAlgorithm, string>> = {
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

/** Never shows the key. */
function checkKey({ privateKey, algorithm: chosen }: IntrospectionConfiguration): readonly Problem[] {
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
