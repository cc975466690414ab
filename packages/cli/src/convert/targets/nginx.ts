/** Open-source nginx, which asks the sidecar about every request: what is enforced stays ours. */

import type { Configuration, ListenAddress } from "@countersign/server";
import type { ConversionTarget } from "../conversion-target.ts";
import type { ConversionEntry, ConvertedFile } from "../expression.ts";
import type { Feature } from "../features.ts";
import { expressByAsking } from "./express-by-asking.ts";
import { renderNginx } from "./render-nginx.ts";

const DEFAULT_APPLICATION = "127.0.0.1:3000";

/** The target `nginx`. */
export const NGINX: ConversionTarget = {
  title: "nginx, auth_request to the sidecar",
  expressions: expressByAsking("refusals are 401, 403 or 503, without the sidecar's body"),
  findProblems,
  render,
};

function findProblems({ listeners, upstream }: Configuration): readonly ConversionEntry<Feature>[] {
  const problems: ConversionEntry<Feature>[] = [];
  if (listeners.decision === undefined) {
    const text = "nginx asks the decision listener, which is off";
    problems.push({ feature: "default-deny", path: "listeners.decision", level: "impossible", text });
  }
  if (upstream === undefined) {
    const text = `no application is named: the file says ${DEFAULT_APPLICATION}, change it`;
    problems.push({ feature: "named-upstreams", path: "upstream", level: "differs", text });
  } else if (readApplication(upstream) === undefined) {
    const text = "what nginx checks of an https application is not in this configuration";
    problems.push({ feature: "named-upstreams", path: "upstream", level: "impossible", text });
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
