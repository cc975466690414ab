/** Which headers cross the proxy: RFC 9110 section 7.6. */

import type { IsInNamespace } from "../decision/protected-headers.ts";
import { foldHeaderName, isProxyHeader } from "../decision/protected-headers.ts";

type Header = readonly [name: string, value: string];

/** Of one connection only, besides what `Connection` names (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const CREDENTIALS = new Set(["authorization", "dpop"]);
const VIA = "1.1 countersign";

export interface ForwardSetup {
  /** Tells the sidecar's own namespace, in any spelling. */
  readonly isOwn: IsInNamespace;
  readonly forwardToken: boolean;
  /** The upstream's host and port; undefined to keep the client's `Host`. */
  readonly upstreamHost: string | undefined;
}

/** What the proxy itself knows about a request. */
export interface ForwardedRequest {
  readonly headers: readonly Header[];
  readonly identity: readonly Header[];
  readonly host: string;
  readonly peer: string;
  /** True where the peer may say whom it forwards for. */
  readonly isTrusted: boolean;
}

/** Headers toward the upstream, as undici takes them: names and values in turn. */
export function createUpstreamHeaders(request: ForwardedRequest, setup: ForwardSetup): string[] {
  const named = namesOfConnection(request.headers);
  const flat: string[] = ["host", setup.upstreamHost ?? request.host];
  for (const [name, value] of request.headers) {
    const lower = name.toLowerCase();
    if (lower === "host" || lower === "expect" || HOP_BY_HOP.has(lower) || named.has(lower)) continue;
    if (setup.isOwn(name) || isProxyHeader(name) || isOtherSpelling(lower)) continue;
    if (!setup.forwardToken && CREDENTIALS.has(lower)) continue;
    flat.push(name, value);
  }
  for (const [name, value] of describeForwarding(request)) flat.push(name, value);
  for (const [name, value] of request.identity) if (value !== "") flat.push(name, value);
  return flat;
}

/** Headers toward the client: the upstream's without those of one connection. */
export function createClientHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): readonly (readonly [string, string | string[]])[] {
  const connection = headers["connection"];
  const named = namesOfConnection([
    ["connection", Array.isArray(connection) ? connection.join(",") : (connection ?? "")],
  ]);
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || HOP_BY_HOP.has(name) || named.has(name) ? [] : [[name, value] as const],
  );
}

/** "proto" of `X-Forwarded-Proto`: what a trusted peer says, else this listener's own. */
export function chooseScheme(headers: readonly Header[], isTrusted: boolean): "http" | "https" {
  const values = headers
    .filter(([name]) => name.toLowerCase() === "x-forwarded-proto")
    .map(([, value]) => value);
  return isTrusted && values.length === 1 && values[0] === "https" ? "https" : "http";
}

/** The target without `access_token` parameters: a token in a URL is no credential here, and ends in logs (RFC 6750 section 5.3). */
export function removeQueryToken(target: string): string {
  const start = target.indexOf("?");
  if (start < 0 || (!/access/i.test(target.slice(start)) && !target.includes("%", start))) return target;
  const kept = target
    .slice(start + 1)
    .split("&")
    .filter((pair) => decodeName(pair.split("=", 1)[0] ?? "") !== "access_token");
  return kept.length === 0 ? target.slice(0, start) : `${target.slice(0, start)}?${kept.join("&")}`;
}

function describeForwarding({ headers, host, peer, isTrusted }: ForwardedRequest): readonly Header[] {
  const earlier = isTrusted
    ? headers.filter(([name]) => name.toLowerCase() === "x-forwarded-for").map(([, value]) => value)
    : [];
  const described = isTrusted
    ? headers.filter(([name]) => name.toLowerCase() === "forwarded").map(([, value]) => value)
    : [];
  const via = headers.filter(([name]) => name.toLowerCase() === "via").map(([, value]) => value);
  return [
    [
      "forwarded",
      [...described, writeForwarded({ peer, host, scheme: chooseScheme(headers, isTrusted) })].join(", "),
    ],
    ["x-forwarded-for", [...earlier, peer === "unix" ? "unknown" : peer].join(", ")],
    ["x-forwarded-host", host],
    ["x-forwarded-proto", chooseScheme(headers, isTrusted)],
    ["via", [...via, VIA].join(", ")],
  ];
}

/** One element of `Forwarded` (RFC 7239 section 4). The host passed the grammar of a host before. */
function writeForwarded({
  peer,
  host,
  scheme,
}: Readonly<Record<"peer" | "host" | "scheme", string>>): string {
  const node = peer === "unix" || peer === "" ? "unknown" : peer.includes(":") ? `"[${peer}]"` : peer;
  return `for=${node};host="${host}";proto=${scheme}`;
}

function namesOfConnection(headers: readonly Header[]): ReadonlySet<string> {
  const values = headers.filter(([name]) => name.toLowerCase() === "connection").map(([, value]) => value);
  return new Set(values.flatMap((value) => value.split(",")).map((name) => name.trim().toLowerCase()));
}

/** `Content_Length` and its like: to a CGI upstream they are the header that they imitate. `via` is rewritten. */
function isOtherSpelling(lower: string): boolean {
  if (lower === "via") return true;
  const folded = foldHeaderName(lower);
  return folded !== lower && (IMITATED.has(folded) || HOP_BY_HOP.has(folded));
}

const IMITATED = new Set(["content-length", "content-type", "cookie", "host", "via"]);

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
