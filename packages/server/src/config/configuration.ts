/** The sidecar's configuration as the rest of the server sees it: defaults applied, references resolved, frozen. */

import type { IssuerOptions, LimitOptions, StatusListIssuerOptions } from "countersign";
import type { NamedRequirements, PermissionOptions, Requirement } from "countersign/policy";
import type { AssertionConfiguration } from "./assertion-configuration.ts";
import type { AuditConfiguration } from "./audit-configuration.ts";
import type { ExchangeConfiguration } from "./exchange-configuration.ts";
import type { IntrospectedIssuer } from "./introspection-configuration.ts";
import type { ListenerTlsConfiguration } from "./listener-tls.ts";
import type { PrincipalField } from "./principal-field.ts";
import type { PublishedListsConfiguration } from "./published-lists-configuration.ts";
import type {
  ApiConfiguration,
  ReplayConfiguration,
  RevocationConfiguration,
} from "./revocation-configuration.ts";
import type { SignalsConfiguration } from "./signals-configuration.ts";
import type { UpstreamTlsConfiguration } from "./upstream-tls-configuration.ts";

export interface Configuration {
  readonly listeners: ListenersConfiguration;
  /** As the library's `IssuerOptions`. */
  readonly issuers: readonly IssuerOptions[];
  /** Those of them that are asked about their tokens. */
  readonly introspection: readonly IntrospectedIssuer[];
  /** Those of them whose status lists are asked. */
  readonly statusLists: readonly StatusListIssuerOptions[];
  readonly limits: LimitOptions;
  /** CIDR blocks, single addresses, or "unix". Only these peers may describe somebody else's request. */
  readonly trustedProxies: readonly string[];
  /** Where trusted proxies say which client certificate they checked. Absent: no header is looked at. */
  readonly clientCertificate?: ClientCertificateConfiguration;
  /** In the file's order. A request that none of them matches is refused. */
  readonly routes: readonly RouteConfiguration[];
  /** Sets that routes and other sets name. */
  readonly requirements: NamedRequirements;
  /** What roles, groups and scopes allow. Absent: permissions are those that tokens state. */
  readonly permissions?: PermissionOptions;
  readonly paths: PathsConfiguration;
  /** "reject" (default): headers by which frameworks replace the method refuse the request. "keep": they are let by. */
  readonly methodOverride: "reject" | "keep";
  readonly identityHeaders: IdentityHeadersConfiguration;
  /** Where the built-in proxy forwards to: an origin such as "http://127.0.0.1:3000", or "unix:/path". */
  readonly upstream?: string;
  /** Others, by the names that routes use. */
  readonly upstreams: Readonly<Record<string, UpstreamConfiguration>>;
  /** How tokens are exchanged for others, by the names that routes and upstreams use. */
  readonly exchanges: Readonly<Record<string, ExchangeConfiguration>>;
  readonly proxy: ProxyConfiguration;
  readonly nginx: NginxConfiguration;
  /** The `realm` of challenges. */
  readonly realm?: string;
  /** What this is to clients (RFC 9728). Absent: no metadata. */
  readonly resource?: ResourceConfiguration;
  /** Absent: nothing can be revoked. */
  readonly revocation?: RevocationConfiguration;
  readonly replay: ReplayConfiguration;
  /** Absent: the admin listener has no API. */
  readonly api?: ApiConfiguration;
  /** Absent: no signals are taken. */
  readonly signals?: SignalsConfiguration;
  /** Status lists that are made from our own revocations. Absent: none are. */
  readonly publishedStatusLists?: PublishedListsConfiguration;
  /** Absent: nothing is written down. */
  readonly audit?: AuditConfiguration;
  /** Findings of the linter that were accepted, each with the reason. */
  readonly exceptions: readonly ExceptionConfiguration[];
  readonly shutdown: ShutdownConfiguration;
  readonly overload: OverloadConfiguration;
  /** Processes that judge requests; 1..64, or one for each core. Absent: whoever starts the server says. */
  readonly workers?: number | "auto";
}

/** A header that trusted proxies set or remove on every request. */
export interface ClientCertificateConfiguration {
  /** In lower case; of those that clients' requests never bring to an upstream. */
  readonly header: string;
  /**
   * "rfc9440": `:base64:`. "xfcc": Envoy's `x-forwarded-client-cert`. "pem": URL-encoded, as nginx's
   * `$ssl_client_escaped_cert`. "base64": of the DER, a chain after a comma, as Traefik, HAProxy and Caddy can say it.
   */
  readonly format: "rfc9440" | "xfcc" | "pem" | "base64";
}

/** Where to listen: TCP, or a Unix socket (written `unix:/path`). Port 0 takes any free port. */
export type ListenAddress = (
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
) & {
  /** Other processes of this sidecar listen there too; the primary has cleared the way. */
  readonly shared?: boolean;
};

export interface ListenersConfiguration {
  /** Decision endpoints of gateways. Default 127.0.0.1:9400; "off" leaves it out. */
  readonly decision?: ListenAddress;
  /** Envoy's ext_authz over gRPC, and gRPC health checks. Default none; "on" is 127.0.0.1:9401. */
  readonly extAuthz?: ListenAddress;
  /** The built-in reverse proxy. Default 127.0.0.1:8080 where `upstream` is set. */
  readonly proxy?: ListenAddress;
  /** Of the proxy's listener. Absent: plain HTTP. */
  readonly proxyTls?: ListenerTlsConfiguration;
  /** Health and metrics. Default 127.0.0.1:9402. */
  readonly admin: ListenAddress;
}

/** What a route asks for: nothing; a good token or none at all; or a token that an issuer's keys verify. */
export type RouteAllow = "anonymous" | "optional" | "authenticated";

export interface RouteConfiguration {
  /** Lower case, without port; "*.example.com" is every host below example.com. Absent: every host. */
  readonly hosts?: readonly string[];
  /** "/exact" is that path alone; "/prefix/**" is "/prefix" and everything below it; "/**" is every path. */
  readonly path: string;
  /** Upper case. GET admits HEAD. Absent: every method. */
  readonly methods?: readonly string[];
  readonly allow: RouteAllow;
  /** All of these must be among the token's scopes. */
  readonly scopes?: readonly string[];
  /** What else must hold of the token. */
  readonly require?: Requirement;
  /**
   * `scopes` and `require` are judged, metered and told, but not enforced; the token itself stays enforced as `allow` says.
   * On an anonymous route the token is watched too. Default false.
   */
  readonly shadow?: boolean;
  /** "allow": CORS preflights pass without a token. Default "deny". */
  readonly preflight?: "allow" | "deny";
  /** A name of `upstreams`, for the built-in proxy. Default `upstream`. */
  readonly upstream?: string;
  /** A name of `exchanges`: the upstream gets a token that is made for it. Default that of the upstream. */
  readonly exchange?: string;
  /** Whom the assertion is for. Default that of the upstream, else the one for all. */
  readonly assertionAudience?: string;
  /** The issuer is asked about every token (RFC 7662). Default as the issuer's `introspection` says. */
  readonly introspect?: boolean;
  /** "fresh": while newer revocations may exist than are known here, the answer is 503. Default "known". */
  readonly revocation?: "known" | "fresh";
  /** A token passes once, by its jti, among all that share the replay store. Default false. */
  readonly singleUse?: boolean;
  /** While the replay store does not answer, this machine's memory stands in for it, for so long. 1..300. Default not. */
  readonly localReplaySeconds?: number;
}

/** How ambiguous paths are read. What is forwarded are always the bytes that came. */
export interface PathsConfiguration {
  /** `%2F`: refused, read as "/", or data. */
  readonly encodedSlash: "reject" | "decode" | "keep";
  /** "\\" and `%5C`: refused, read as "/", or data. */
  readonly backslash: "reject" | "slash" | "keep";
  /** "." and "..": refused, or removed (RFC 3986 section 5.2.4). */
  readonly dotSegments: "reject" | "remove";
  /** Empty segments: refused, left out, or segments of their own. */
  readonly doubleSlash: "reject" | "merge" | "keep";
  /** ";" and what follows it in a segment: refused, left out, or data. */
  readonly semicolon: "reject" | "strip" | "keep";
}

/** The protected resource and its metadata (RFC 9728 section 2). */
export interface ResourceConfiguration {
  /** https URL without fragment and query; http for this machine. */
  readonly identifier: string;
  readonly name?: string;
  readonly scopesSupported?: readonly string[];
  readonly documentation?: string;
  readonly policyUri?: string;
  readonly termsOfServiceUri?: string;
}

/** A finding that was accepted. */
export interface ExceptionConfiguration {
  /** The finding's path, such as "routes[2]". */
  readonly path: string;
  readonly reason: string;
}

/** How a claim becomes a header: see the guide. */
export type ClaimEncoding = "text" | "csv" | "json" | "base64url-json";

/** A header suffix, or one with its encoding. */
export type ClaimHeader = string | { readonly header: string; readonly encoding: ClaimEncoding };

export interface IdentityHeadersConfiguration {
  /** Lower case, ends with "-". Default "x-auth-". Every header of this namespace belongs to the sidecar. */
  readonly prefix: string;
  /** Fields of the principal that are headers too, besides subject, issuer, client, scopes and roles. Default none. */
  readonly fields?: readonly PrincipalField[];
  /** Path of a claim to header suffix: `{ email: "email" }` gives `x-auth-email`. */
  readonly claims: Readonly<Record<string, ClaimHeader>>;
  /** Longest encoded value in bytes. Default 2048; 64..8192. A longer one refuses the request. */
  readonly maxValueBytes: number;
  /** Most members of a list, such as roles. Default 256; 1..1024. A longer one refuses the request. */
  readonly maxListItems?: number;
  /** The same identity, signed. Default none. */
  readonly assertion?: AssertionConfiguration;
}

export interface ProxyConfiguration {
  /** TCP and TLS to the upstream. Default 5000; 100..60000. */
  readonly connectTimeoutMs: number;
  /** From the end of the request to the upstream's header section. Default 30000; 100..3600000. */
  readonly headersTimeoutMs: number;
  /** Between two pieces of the upstream's body. Default 60000; 100..3600000. */
  readonly bodyTimeoutMs: number;
  /** From the first byte of a request to the end of its header section. Default 10000; 1000..60000. */
  readonly clientHeadersTimeoutMs: number;
  /** From the first byte of a request to its last. Default 300000; 1000..3600000. */
  readonly requestTimeoutMs: number;
  /** Longest silence of both sides of a WebSocket. Default 300000; 1000..86400000. */
  readonly tunnelIdleTimeoutMs: number;
  /** Longest request body. Default 10485760 (10 MiB); 0..10737418240. More is answered 413. */
  readonly maxBodyBytes: number;
  /** Longest header section, of requests and of the upstream's answers. Default 16384; 4096..131072; at least the longest token and 8192. */
  readonly maxHeaderBytes: number;
  /** Connections to each upstream. Default 256; 1..4096. */
  readonly maxConnections: number;
  /** Requests in flight; more are answered 503 `overloaded`. Default 1024; 1..65536. */
  readonly maxConcurrentRequests: number;
  /** Sends the client's token on to the upstream. Default false. */
  readonly forwardToken: boolean;
  /** Speaks HTTP/2 to an https upstream that offers it; WebSockets go over HTTP/1.1. Default true. */
  readonly http2: boolean;
  /** For an https upstream. Default the runtime's certificate authorities, and no client certificate. */
  readonly tls?: UpstreamTlsConfiguration;
  /** The `Host` that the upstream sees: the client's (default), or the upstream's own. */
  readonly host: "preserve" | "upstream";
}

/** An origin as `upstream`, or one with settings of its own. */
export type UpstreamConfiguration =
  | string
  | {
      readonly url: string;
      /** Instead of `proxy.tls`. */
      readonly tls?: UpstreamTlsConfiguration;
      /** A name of `exchanges`, for every route that leads here and names none. */
      readonly exchange?: string;
      /** Whom the assertions of routes that lead here are for. */
      readonly assertionAudience?: string;
    };

export interface NginxConfiguration {
  /**
   * `auth_request` turns every status but 2xx, 401 and 403 into 500. False (default): 503 is answered
   * as it is, so the client sees 500. True: 403 with `X-Auth-Status: 503`, for an `error_page` of yours.
   */
  readonly flattenUnavailable: boolean;
  /** How long nginx may use an allowing decision again, in whole seconds, 1..5; default not at all. */
  readonly decisionMaxAgeSeconds?: number;
}

export interface ShutdownConfiguration {
  /** How long requests in flight may take to finish after `close`. Default 10000; 0..300000. */
  readonly drainTimeoutMs: number;
}

export interface OverloadConfiguration {
  /** Median delay of the event loop over which a growing part of the requests is answered 503. Default 200; 20..10000. */
  readonly maxEventLoopDelayMs: number;
  /** Connections of each HTTP listener; more are closed at once. Default 8192; 16..65536. */
  readonly maxConnections: number;
}
