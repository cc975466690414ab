/** Envoy: bare, with its own jwt_authn, and asking the sidecar over gRPC. */

import { AUDIENCE, ISSUER } from "../../tokens/key-material.ts";
import { requireProgram } from "../find-program.ts";
import type { RunningServer, ServerKind, ServerSite } from "../server.ts";
import { describeProgram, startOnFreePort } from "../start-on-free-port.ts";
import { startBehind } from "./countersign.ts";

export interface EnvoyOptions {
  /** What judges. */
  readonly judge: "nobody" | "jwt_authn" | "countersign";
  /** Tokens that `jwt_authn` remembers. Default 0, as is its own. */
  readonly cacheEntries?: number;
  /** Forwards what passes; otherwise it answers 200 itself. */
  readonly forwards: boolean;
}

type Filter = Readonly<Record<string, unknown>>;

const EXTENSIONS = "type.googleapis.com/envoy.extensions";
const SUBJECTS = { nobody: "floor", jwt_authn: "envoy jwt_authn", countersign: "countersign" } as const;

export function createEnvoy(options: EnvoyOptions): ServerKind {
  const isCached = (options.cacheEntries ?? 0) > 0;
  return {
    subject: isCached ? `${SUBJECTS[options.judge]} (cache on)` : SUBJECTS[options.judge],
    needs: "envoy",
    start: (site) => startEnvoy(site, options),
  };
}

function startEnvoy(site: ServerSite, options: EnvoyOptions): Promise<RunningServer> {
  const program = requireProgram("envoy", "`node tools/install-services.mjs` brings it");
  const start = (decision: string | undefined): Promise<RunningServer> =>
    startOnFreePort(site, (port) => ({
      command: [
        ...[program, "--config-path", `${site.folder}/envoy.json`, "--disable-hot-restart"],
        ...["--concurrency", "1", "--log-level", "error"],
      ],
      runtime: describeProgram("envoy", [program, "--version"]),
      files: { "envoy.json": JSON.stringify(describe(options, { site, port, decision })) },
    }));
  return options.judge === "countersign" ? startBehind(site, { door: "extAuthz" }, start) : start(undefined);
}

interface EnvoyPlace {
  readonly site: ServerSite;
  readonly port: number;
  /** "host:port" of the sidecar, where there is one. */
  readonly decision: string | undefined;
}

function describe(options: EnvoyOptions, { site, port, decision }: EnvoyPlace): unknown {
  const answer = options.forwards
    ? { route: { cluster: "upstream" } }
    : { direct_response: { status: 200, body: { inline_string: "fixed" } } };
  const manager = {
    "@type": `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "web",
    use_remote_address: true,
    http_filters: [
      ...describeJudge(options, site),
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${EXTENSIONS}.filters.http.router.v3.Router` },
      },
    ],
    route_config: {
      virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, ...answer }] }],
    },
  };
  const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
  return {
    static_resources: {
      listeners: [
        {
          name: "web",
          address: describeAddress(`127.0.0.1:${port}`),
          filter_chains: [{ filters: [filter] }],
        },
      ],
      clusters: [
        describeCluster("upstream", site.upstream),
        ...(decision === undefined
          ? []
          : [{ ...describeCluster("decision", decision), typed_extension_protocol_options: HTTP2 }]),
      ],
    },
  };
}

function describeJudge({ judge, cacheEntries = 0 }: EnvoyOptions, { key }: ServerSite): readonly Filter[] {
  if (judge === "nobody") return [];
  if (judge === "countersign") {
    const grpc = { timeout: "6s", envoy_grpc: { cluster_name: "decision", authority: "countersign" } };
    return [
      {
        name: "envoy.filters.http.ext_authz",
        typed_config: {
          "@type": `${EXTENSIONS}.filters.http.ext_authz.v3.ExtAuthz`,
          transport_api_version: "V3",
          encode_raw_headers: true,
          grpc_service: grpc,
        },
      },
    ];
  }
  const provider = {
    issuer: ISSUER,
    audiences: [AUDIENCE],
    local_jwks: { inline_string: JSON.stringify({ keys: [key.jwk] }) },
    ...(cacheEntries > 0 ? { jwt_cache_config: { jwt_cache_size: cacheEntries } } : {}),
  };
  return [
    {
      name: "envoy.filters.http.jwt_authn",
      typed_config: {
        "@type": `${EXTENSIONS}.filters.http.jwt_authn.v3.JwtAuthentication`,
        providers: { bench: provider },
        rules: [{ match: { prefix: "/" }, requires: { provider_name: "bench" } }],
      },
    },
  ];
}

const HTTP2 = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": `${EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: { http2_protocol_options: {} },
  },
};

function describeCluster(name: string, address: string): Filter {
  const endpoint = { address: describeAddress(address) };
  return {
    name,
    connect_timeout: "2s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
}

function describeAddress(address: string): Filter {
  const [host = "", port = ""] = address.split(":");
  return { socket_address: { address: host, port_value: Number(port) } };
}
