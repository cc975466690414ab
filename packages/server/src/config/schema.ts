/**
 * The configuration file's schema. zod, because it gives checks, messages and the published JSON Schema from
 * one description. No transforms here: the JSON Schema describes the file as it is written.
 */

import * as z from "zod";

import { assertionSchema } from "./assertion-schema.ts";
import { auditSchema } from "./audit-schema.ts";
import { exchangesSchema } from "./exchange-schema.ts";
import type { FileConfiguration } from "./file-configuration.ts";
import { issuerSchema } from "./issuer-schema.ts";
import { DEFAULT_DECISION_LISTENER, parseListenAddress } from "./listen-address.ts";
import { listenerTlsSchema } from "./listener-tls.ts";
import { permissionSchema } from "./permission-schema.ts";
import { PRINCIPAL_FIELDS } from "./principal-field.ts";
import { publishedListsSchema } from "./published-lists-schema.ts";
import { requirementName, requirementSchema } from "./requirement-schema.ts";
import { exceptionSchema, resourceSchema } from "./resource-schema.ts";
import { apiSchema, replaySchema, revocationSchema } from "./revocation-schema.ts";
import { pathsSchema, routeSchema } from "./route-schema.ts";
import { signalsSchema } from "./signals-schema.ts";
import { checkTrustedProxy, DEFAULT_TRUSTED_PROXIES } from "./trusted-proxies.ts";
import { upstreamsSchema, upstreamTlsSchema, upstreamUrlSchema } from "./upstream-schema.ts";

const SUFFIX = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const PREFIX = /^[a-z0-9]+(?:-[a-z0-9]+)*-$/;

// A namespace that covers one of these would remove or forge headers that HTTP itself or proxies define.
const RESERVED_PREFIXES = [
  "x-forwarded-",
  "x-original-",
  "accept-",
  "content-",
  "if-",
  "sec-",
  "access-control-",
  "proxy-",
];

const address = z
  .string()
  .refine((text) => parseListenAddress(text) !== undefined, {
    error: 'Expected "host:port", "[v6]:port" or "unix:/absolute/path"',
  })
  .meta({ examples: ["127.0.0.1:9400", "unix:/run/countersign/decision.sock"] });

function whole(range: { min: number; max: number; fallback: number }, text: string): z.ZodDefault<z.ZodInt> {
  return z.int().min(range.min).max(range.max).default(range.fallback).describe(text);
}

const listeners = z.strictObject({
  decision: z
    .union([z.literal("off"), address])
    .default(DEFAULT_DECISION_LISTENER)
    .describe("Decision endpoints of gateways."),
  extAuthz: z
    .union([z.literal("off"), z.literal("on"), address])
    .exactOptional()
    .describe(
      'Envoy\'s ext_authz over gRPC. "on" is 127.0.0.1:9401. Default on where `decision` is at its default and the runtime is Node, else off.',
    ),
  proxy: z
    .union([
      z.literal("off"),
      address,
      z.strictObject({
        address,
        tls: listenerTlsSchema.exactOptional().describe("Speaks TLS. Default plain HTTP."),
      }),
    ])
    .exactOptional()
    .describe("Reverse proxy. Default 127.0.0.1:8080 where there is an upstream."),
  admin: address
    .default("127.0.0.1:9402")
    .describe("Health and metrics. It has no authentication: keep it local."),
});

const suffix = z.string().max(64).regex(SUFFIX, { error: "Expected lower case words joined by -" });

const encodedClaim = z.strictObject({
  header: suffix.describe("Suffix of the header."),
  encoding: z
    .enum(["text", "csv", "json", "base64url-json"])
    .describe(
      "text: one value. csv: a list of them. json: ASCII JSON. base64url-json: the same in base64url. What does not fit is refused with 403.",
    ),
});

const identityHeaders = z.strictObject({
  prefix: z
    .string()
    .max(48)
    .regex(PREFIX, { error: 'Expected lower case words, each followed by "-"' })
    .refine(
      (prefix) =>
        !RESERVED_PREFIXES.some((reserved) => reserved.startsWith(prefix) || prefix.startsWith(reserved)),
      {
        error: "Expected a namespace of its own; this one holds headers with other meanings",
      },
    )
    .default("x-auth-")
    .describe("Namespace of the sidecar. Whatever a client sends in it, in any spelling, is removed."),
  claims: z
    .record(z.string().min(1).max(256), z.union([suffix, encodedClaim]))
    .refine((claims) => Object.keys(claims).length <= 32, { error: "Expected at most 32 claims" })
    .default({})
    .describe(
      "Path of a claim to header suffix, or to suffix and encoding. Without one, text is percent-encoded UTF-8, lists are comma-separated, objects are JSON.",
    ),
  fields: z
    .array(z.enum(PRINCIPAL_FIELDS))
    .max(PRINCIPAL_FIELDS.length)
    .refine((fields) => new Set(fields).size === fields.length, { error: "Expected each field once" })
    .exactOptional()
    .describe(
      "Fields of the principal that are headers too, besides subject, issuer, client, scopes and roles. Default none.",
    ),
  maxValueBytes: whole(
    { min: 64, max: 8192, fallback: 2048 },
    "Longest value. A longer one refuses the request with 403.",
  ),
  maxListItems: z
    .int()
    .min(1)
    .max(1024)
    .exactOptional()
    .describe(
      "Most members of a list, such as roles. A longer one refuses the request with 403. Default 256; 1..1024.",
    ),
  assertion: assertionSchema
    .exactOptional()
    .describe("The same identity as a JWT that the sidecar signs, for upstreams that want proof."),
});

const proxy = z.strictObject({
  connectTimeoutMs: whole({ min: 100, max: 60_000, fallback: 5000 }, "TCP and TLS to the upstream."),
  headersTimeoutMs: whole(
    { min: 100, max: 3_600_000, fallback: 30_000 },
    "From the request's end to the upstream's header section.",
  ),
  bodyTimeoutMs: whole(
    { min: 100, max: 3_600_000, fallback: 60_000 },
    "Between two pieces of the upstream's body.",
  ),
  clientHeadersTimeoutMs: whole(
    { min: 1000, max: 60_000, fallback: 10_000 },
    "From a request's first byte to the end of its header section.",
  ),
  requestTimeoutMs: whole(
    { min: 1000, max: 3_600_000, fallback: 300_000 },
    "From a request's first byte to its last.",
  ),
  tunnelIdleTimeoutMs: whole(
    { min: 1000, max: 86_400_000, fallback: 300_000 },
    "Longest silence of both sides of a WebSocket.",
  ),
  maxBodyBytes: whole(
    { min: 0, max: 10_737_418_240, fallback: 10_485_760 },
    "Longest request body; more is answered 413.",
  ),
  maxHeaderBytes: whole({ min: 4096, max: 131_072, fallback: 16_384 }, "Longest header section, both ways."),
  maxConnections: whole({ min: 1, max: 4096, fallback: 256 }, "Connections to each upstream."),
  maxConcurrentRequests: whole(
    { min: 1, max: 65_536, fallback: 1024 },
    "Requests in flight; more are answered 503.",
  ),
  forwardToken: z.boolean().default(false).describe("Sends the client's token on to the upstream."),
  http2: z.boolean().default(true).describe("Speaks HTTP/2 to an https upstream that offers it."),
  tls: upstreamTlsSchema.exactOptional().describe("For an https upstream. PEM, or `file:` and a path."),
  host: z
    .enum(["preserve", "upstream"])
    .default("preserve")
    .describe("The Host header that the upstream sees."),
});

const nginx = z.strictObject({
  flattenUnavailable: z
    .boolean()
    .default(false)
    .describe(
      "Answers 403 with X-Auth-Status: 503 where keys are unavailable. Otherwise 503, of which nginx makes 500.",
    ),
  decisionMaxAgeSeconds: z
    .int()
    .min(1)
    .max(5)
    .exactOptional()
    .describe(
      "How long nginx's cache may use an allowing decision again, at most until the token expires: so long a revocation or a new rule may take. Default not at all.",
    ),
});

const clientCertificate = z.strictObject({
  header: z
    .string()
    .regex(/^(?:client-cert|(?:x-forwarded-|x-ssl-|ssl-client-)[a-z0-9-]{1,48})$/, {
      error: 'Expected "client-cert", or a name that begins with x-forwarded-, x-ssl- or ssl-client-',
    })
    .describe(
      "The proxies have to set or remove it on every request; what a client sends must not come through.",
    ),
  format: z
    .enum(["rfc9440", "xfcc", "pem", "base64"])
    .describe(
      "rfc9440: Client-Cert. xfcc: Envoy's x-forwarded-client-cert. pem: URL-encoded, as nginx has it. base64: of the DER, as Traefik, HAProxy and Caddy have it.",
    ),
});

const overload = z.strictObject({
  maxEventLoopDelayMs: whole(
    { min: 20, max: 10_000, fallback: 200 },
    "Median delay of the event loop over which a growing part of the requests is answered 503.",
  ),
  maxConnections: whole(
    { min: 16, max: 65_536, fallback: 8192 },
    "Connections of each HTTP listener; more are closed at once.",
  ),
});

/** The root of the schema. What it gives has its defaults, but still the file's form. */
export const configurationSchema: z.ZodType<FileConfiguration> = z.strictObject({
  listeners: listeners.prefault({}),
  issuers: z.array(issuerSchema).min(1).max(100).describe("Issuers whose tokens are accepted."),
  limits: z.strictObject({ tokenBytes: z.int().min(256).max(65_536).exactOptional() }).default({}),
  trustedProxies: z
    .array(
      z.string().superRefine((entry, context) => {
        const problem = checkTrustedProxy(entry);
        if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
      }),
    )
    .max(256)
    .default([...DEFAULT_TRUSTED_PROXIES])
    .describe(
      'Peers that may describe a request: addresses, CIDR blocks, "unix". Default this machine only.',
    ),
  clientCertificate: clientCertificate
    .exactOptional()
    .describe(
      "The header in which the peers of trustedProxies say which client certificate they checked, for tokens that are bound to one (RFC 8705).",
    ),
  requirements: z
    .record(requirementName, requirementSchema)
    .refine((sets) => Object.keys(sets).length <= 256, { error: "Expected at most 256 sets" })
    .default({})
    .describe("Requirements by name, for `require` of routes and for each other."),
  routes: z
    .array(routeSchema)
    .min(1)
    .max(500)
    .describe("What no route matches is refused. The most specific match decides."),
  permissions: permissionSchema
    .exactOptional()
    .describe(
      "What roles, groups and scopes of tokens allow: `file:` and a path, or the table itself. Default the permissions that tokens state.",
    ),
  paths: pathsSchema
    .prefault({})
    .describe("How ambiguous paths are read. What is forwarded are the bytes that came."),
  methodOverride: z
    .enum(["reject", "keep"])
    .default("reject")
    .describe(
      "X-HTTP-Method-Override and its like: refused with 400, or let by to an upstream that ignores them.",
    ),
  identityHeaders: identityHeaders.prefault({}),
  upstream: upstreamUrlSchema
    .exactOptional()
    .describe("Where the built-in proxy forwards to, but for routes that name another."),
  upstreams: upstreamsSchema
    .default({})
    .describe(
      "Others by name, for `upstream` of routes: an origin, or an object. Each has its own connections.",
    ),
  exchanges: exchangesSchema
    .default({})
    .describe(
      "Token exchanges (RFC 8693) by name, for `exchange` of routes and upstreams: the upstream gets a token that is made for it.",
    ),
  proxy: proxy.prefault({}),
  nginx: nginx.prefault({}),
  realm: z
    .string()
    .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}$/, { error: 'Expected printable ASCII without " and \\' })
    .exactOptional()
    .describe("The realm of challenges."),
  resource: resourceSchema
    .exactOptional()
    .describe(
      "What this is to clients (RFC 9728): its URL, or an object. Metadata is served and challenges lead there.",
    ),
  revocation: revocationSchema
    .exactOptional()
    .describe("Tokens, subjects, sessions, clients, keys and issuers can be revoked. Default they cannot."),
  replay: replaySchema.prefault({}),
  api: apiSchema.exactOptional().describe("The API of the admin listener. Default on where `revocation` is."),
  signals: signalsSchema
    .exactOptional()
    .describe("Signed notices of issuers that revoke, as operators do. Default none are taken."),
  publishedStatusLists: publishedListsSchema
    .exactOptional()
    .describe("Status lists made from the revocations, for verifiers elsewhere. Default none are."),
  audit: auditSchema
    .exactOptional()
    .describe("What is written down about decisions, keys and configurations, and where. Default nothing."),
  exceptions: z
    .array(exceptionSchema)
    .max(256)
    .default([])
    .describe("Findings of `countersign check` that are accepted."),
  shutdown: z
    .strictObject({
      drainTimeoutMs: whole({ min: 0, max: 300_000, fallback: 10_000 }, "For requests in flight at the end."),
    })
    .prefault({}),
  overload: overload.prefault({}),
  workers: z
    .union([z.literal("auto"), z.int().min(1).max(64)])
    .exactOptional()
    .describe(
      "Processes that judge requests on shared listeners. `auto`: one for each core. Default `auto` for `countersign serve`, 1 in the library. From 1 to more and back takes a restart.",
    ),
});
