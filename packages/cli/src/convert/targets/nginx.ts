/** Open-source nginx, which asks the sidecar about every request: what is enforced stays ours. */

import type { Configuration, ListenAddress } from "@countersign/server";
import type { ConversionTarget } from "../conversion-target.ts";
import type { ConversionEntry, ConvertedFile, Expression } from "../expression.ts";
import type { Feature } from "../features.ts";
import { renderNginx } from "./render-nginx.ts";

const same: Expression = { level: "same", text: "enforced by the sidecar" };

function impossible(text: string): Expression {
  return { level: "impossible", text };
}

const EXPRESSIONS: Readonly<Record<Feature, Expression>> = {
  "unknown-setting": impossible("this version of convert does not know the setting"),
  issuer: same,
  "several-issuers": same,
  audiences: same,
  "audiences-unchecked": same,
  algorithms: same,
  "keys-discovery": same,
  "keys-other": same,
  "key-freshness": same,
  "token-size": same,
  "token-type": same,
  "token-kind": same,
  "critical-headers": same,
  "strict-reading": same,
  expiry: same,
  "expiry-unchecked": same,
  "clock-tolerance": same,
  lifetime: same,
  age: same,
  "required-claims": same,
  "principal-mapping": same,
  "bound-tokens": same,
  introspection: same,
  "status-lists": same,
  revocation: same,
  "default-deny": same,
  hosts: same,
  methods: same,
  paths: same,
  anonymous: same,
  optional: same,
  scope: same,
  "several-scopes": same,
  requirements: same,
  shadow: same,
  preflight: same,
  "single-use": same,
  exchange: impossible("the generated file gives the application no exchanged token: use the built-in proxy"),
  assertion: same,
  "named-upstreams": impossible("the generated file knows one application: write locations by hand"),
  "client-certificate": impossible("how nginx checks client certificates is not in this configuration"),
  "client-headers": same,
  "identity-headers": same,
  "method-override": same,
  "token-forwarding": same,
  answers: { level: "differs", text: "refusals are 401, 403 or 503, without the sidecar's body" },
};

const DEFAULT_APPLICATION = "127.0.0.1:3000";

/** The target `nginx`. */
export const NGINX: ConversionTarget = {
  title: "nginx, auth_request to the sidecar",
  expressions: EXPRESSIONS,
  findProblems,
  render,
};

function findProblems({ listeners, upstream }: Configuration): readonly ConversionEntry<Feature>[] {
  const problems: ConversionEntry<Feature>[] = [];
  if (listeners.decision === undefined) {
    const text = "nginx asks the decision listener, which is off";
    problems.push({ feature: "default-deny", path: "listeners.decision", ...impossible(text) });
  }
  if (upstream === undefined) {
    const text = `no application is named: the file says ${DEFAULT_APPLICATION}, change it`;
    problems.push({ feature: "named-upstreams", path: "upstream", level: "differs", text });
  } else if (readApplication(upstream) === undefined) {
    const text = "what nginx checks of an https application is not in this configuration";
    problems.push({ feature: "named-upstreams", path: "upstream", ...impossible(text) });
  }
  return problems;
}

function render({ listeners, upstream, identityHeaders, proxy }: Configuration): readonly ConvertedFile[] {
  const application = upstream === undefined ? DEFAULT_APPLICATION : readApplication(upstream);
  if (listeners.decision === undefined || application === undefined)
    throw new TypeError("an impossible conversion was rendered");
  const { prefix, claims, assertion } = identityHeaders;
  const suffixes = [
    "subject",
    "issuer",
    "client",
    "scopes",
    "roles",
    ...Object.values(claims).map((header) => (typeof header === "string" ? header : header.header)),
    ...(assertion === undefined ? [] : [assertion.header]),
  ];
  const text = renderNginx({
    decision: describeAddress(listeners.decision),
    application,
    prefix,
    suffixes: [...new Set(suffixes)],
    forwardToken: proxy.forwardToken,
  });
  return [{ name: "countersign.conf", text }];
}

function describeAddress(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}

/** "host:port" or "unix:/path" of what speaks plain HTTP; undefined for the rest. */
function readApplication(upstream: string): string | undefined {
  if (upstream.startsWith("unix:")) return upstream;
  const { protocol, hostname, port } = new URL(upstream);
  return protocol === "http:" ? `${hostname}:${port === "" ? "80" : port}` : undefined;
}
