/** Which headers cross the proxy: RFC 9110 section 7.6. */

import type { HeaderReading } from "../decision/header-reading.ts";
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
/** Of an exchange. */
const UPSTREAM_TOKENS = new Set(["authorization", "txn-token"]);
const VIA = "1.1 countersign";

export interface ForwardSetup {
  /** Tells the sidecar's own namespace, in any spelling. */
  readonly isOwn: IsInNamespace;
  readonly forwardToken: boolean;
}

/** What the proxy itself knows about a request. */
export interface ForwardedRequest {
  readonly reading: HeaderReading;
  readonly identity: readonly Header[];
  readonly host: string;
  /** The upstream's host and port; undefined to keep the client's `Host`. */
  readonly upstreamHost: string | undefined;
  readonly peer: string;
  /** True where the peer may say whom it forwards for. */
  readonly isTrusted: boolean;
  /** As the request is judged. */
  readonly scheme: "http" | "https";
}

/** Gives the headers toward the upstream, as undici takes them: names and values in turn. */
export type ListUpstreamFields = (request: ForwardedRequest) => string[];

// Every request brings the same few names. Clients choose them, so both number and length are bounded.
const MAX_NAMES = 512;
const MAX_NAME_CHARACTERS = 64;

/** Compiles what of a client's headers crosses. */
export function createFieldLister(setup: ForwardSetup): ListUpstreamFields {
  const crossing = new Map<string, boolean>();
  const crosses = (name: string): boolean => {
    const known = crossing.get(name);
    if (known !== undefined) return known;
    const mayCross = mayForward(name, setup);
    if (name.length > MAX_NAME_CHARACTERS) return mayCross;
    if (crossing.size >= MAX_NAMES) crossing.clear();
    crossing.set(name, mayCross);
    return mayCross;
  };
  return (request) => {
    const { raw } = request.reading;
    const named = namesOfConnection(request.reading.values("connection"));
    const flat: string[] = ["host", request.upstreamHost ?? request.host];
    const replaces = setup.forwardToken && request.identity.some(isCredential);
    for (let index = 0; index + 1 < raw.length; index += 2) {
      const name = raw[index] ?? "";
      if (replaces && CREDENTIALS.has(name.toLowerCase())) continue;
      if (!crosses(name) || (named.length > 0 && named.includes(name.toLowerCase()))) continue;
      flat.push(name, raw[index + 1] ?? "");
    }
    pushForwarding(flat, request);
    for (const [name, value] of request.identity) if (value !== "") flat.push(name, value);
    return flat;
  };
}

/** Where there is a token for the upstream, the client's has no place beside it. */
function isCredential([name, value]: Header): boolean {
  return value !== "" && UPSTREAM_TOKENS.has(name);
}

function mayForward(name: string, { isOwn, forwardToken }: ForwardSetup): boolean {
  const lower = name.toLowerCase();
  if (lower === "host" || lower === "expect" || HOP_BY_HOP.has(lower)) return false;
  if (isOwn(name) || isProxyHeader(name) || isOtherSpelling(lower)) return false;
  return forwardToken || !CREDENTIALS.has(lower);
}

const NO_HEADERS: readonly Header[] = Object.freeze([]);

/** Headers toward the client, names and values in turn: the upstream's without those of one connection. */
export function listClientFields(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  ours: readonly Header[] = NO_HEADERS,
): string[] {
  const { connection } = headers;
  const named = namesOfConnection(
    typeof connection === "string" ? [connection] : connection === undefined ? [] : connection,
  );
  const fields: string[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined || HOP_BY_HOP.has(name) || named.includes(name)) continue;
    if (ours.some(([own]) => own.toLowerCase() === name.toLowerCase())) continue;
    if (typeof value === "string") fields.push(name, value);
    else for (const one of value) fields.push(name, one);
  }
  for (const [name, value] of ours) fields.push(name, value);
  return fields;
}

/** "proto" of `X-Forwarded-Proto`: what a trusted peer says, else this listener's own. */
export function chooseScheme(
  reading: HeaderReading,
  { isTrusted, own }: { readonly isTrusted: boolean; readonly own: "http" | "https" },
): "http" | "https" {
  const said = isTrusted && !reading.isRepeated("x-forwarded-proto") && reading.first("x-forwarded-proto");
  if (said === "https") return "https";
  // What says http to a listener with TLS ended the client's connection without it.
  return said === "http" ? "http" : own;
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

function pushForwarding(
  fields: string[],
  { reading, host, peer, isTrusted, scheme }: ForwardedRequest,
): void {
  const own = writeForwarded({ peer, host, scheme });
  const from = peer === "unix" ? "unknown" : peer;
  fields.push(
    "forwarded",
    isTrusted ? appendTo(reading.values("forwarded"), own) : own,
    "x-forwarded-for",
    isTrusted ? appendTo(reading.values("x-forwarded-for"), from) : from,
    "x-forwarded-host",
    host,
    "x-forwarded-proto",
    scheme,
    "via",
    appendTo(reading.values("via"), VIA),
  );
}

function appendTo(earlier: readonly string[], last: string): string {
  return earlier.length === 0 ? last : `${earlier.join(", ")}, ${last}`;
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

/** In lower case; nothing where `Connection` names no header. */
function namesOfConnection(values: readonly string[]): readonly string[] {
  const [only] = values;
  if (only === undefined || (values.length === 1 && NAMES_NOTHING.has(only))) return NONE;
  return values.flatMap((value) => value.split(",")).map((name) => name.trim().toLowerCase());
}

/** Options, of which the header of the same name is one that never crosses. */
const NAMES_NOTHING = new Set(["keep-alive", "Keep-Alive", "Upgrade", "upgrade"]);
const NONE: readonly string[] = Object.freeze([]);

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
