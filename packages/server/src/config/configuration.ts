/** The sidecar's configuration as the rest of the server sees it: defaults applied, references resolved, frozen. */

import type { IssuerOptions, LimitOptions } from "countersign";

export interface Configuration {
  readonly listeners: ListenersConfiguration;
  /** As the library's `IssuerOptions`. */
  readonly issuers: readonly IssuerOptions[];
  readonly limits: LimitOptions;
  /** CIDR blocks, single addresses, or "unix". Only these peers may describe somebody else's request. */
  readonly trustedProxies: readonly string[];
  /** In the file's order. A request that none of them matches is refused. */
  readonly routes: readonly RouteConfiguration[];
  readonly identityHeaders: IdentityHeadersConfiguration;
  /** Origin to which the built-in proxy forwards, such as "http://127.0.0.1:3000"; absent where there is no proxy. */
  readonly upstream?: string;
  readonly proxy: ProxyConfiguration;
  readonly nginx: NginxConfiguration;
  /** The `realm` of challenges. */
  readonly realm?: string;
  readonly shutdown: ShutdownConfiguration;
  readonly overload: OverloadConfiguration;
}

/** Where to listen: TCP, or a Unix socket (written `unix:/path`). Port 0 takes any free port. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface ListenersConfiguration {
  /** Decision endpoints of gateways. Default 127.0.0.1:9400; "off" leaves it out. */
  readonly decision?: ListenAddress;
  /** The built-in reverse proxy. Default 127.0.0.1:8080 where `upstream` is set. */
  readonly proxy?: ListenAddress;
  /** Health and metrics. Default 127.0.0.1:9402. */
  readonly admin: ListenAddress;
}

/** What a route asks for: nothing, or a token that an issuer's keys verify. */
export type RouteAllow = "anonymous" | "authenticated";

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
}

export interface IdentityHeadersConfiguration {
  /** Lower case, ends with "-". Default "x-auth-". Every header of this namespace belongs to the sidecar. */
  readonly prefix: string;
  /** Claim name to header suffix: `{ email: "email" }` gives `x-auth-email`. */
  readonly claims: Readonly<Record<string, string>>;
  /** Longest encoded value in bytes. Default 2048; 64..8192. A longer one refuses the request. */
  readonly maxValueBytes: number;
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
  /** Longest request body. Default 10485760 (10 MiB); 0..10737418240. More is answered 413. */
  readonly maxBodyBytes: number;
  /** Longest header section, of requests and of the upstream's answers. Default 16384; 4096..131072; at least the longest token and 8192. */
  readonly maxHeaderBytes: number;
  /** Connections to the upstream. Default 256; 1..4096. */
  readonly maxConnections: number;
  /** Requests in flight; more are answered 503 `overloaded`. Default 1024; 1..65536. */
  readonly maxConcurrentRequests: number;
  /** Sends the client's token on to the upstream. Default false. */
  readonly forwardToken: boolean;
  /** The `Host` that the upstream sees: the client's (default), or the upstream's own. */
  readonly host: "preserve" | "upstream";
}

export interface NginxConfiguration {
  /**
   * `auth_request` turns every status but 2xx, 401 and 403 into 500. False (default): 503 is answered
   * as it is, so the client sees 500. True: 403 with `X-Auth-Status: 503`, for an `error_page` of yours.
   */
  readonly flattenUnavailable: boolean;
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
