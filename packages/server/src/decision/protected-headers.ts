/** Which of a client's headers belong to the sidecar or to proxies, however they are spelled. */

/** Tells whether a header's name is in a namespace, in any spelling that some server reads alike. */
export type IsInNamespace = (name: string) => boolean;

type Header = readonly [name: string, value: string];

// CGI, WSGI and PHP turn "-" (and PHP ".") into "_", so that all of these are one variable there.
const SEPARATORS = /[^a-z0-9]/g;

// Set by proxies or read by frameworks in place of the request line: RFC 7239, RFC 9440, CVE-2023-27487.
const PROXY_NAMESPACES = ["x-forwarded-", "x-original-", "x-envoy-", "x-ssl-"];
const PROXY_HEADERS = new Set([
  "client-cert",
  "client-cert-chain",
  "forwarded",
  "txn-token",
  "x-forwarded",
  "x-real-ip",
  "x-rewrite-url",
]);
const NEVER_HOP_BY_HOP = new Set(["authorization", "content-length", "cookie", "dpop", "host"]);

// Every request brings the same few names. Clients choose them, so both number and length are bounded.
const MAX_FOLDED = 512;
const MAX_FOLDED_CHARACTERS = 64;
const folded = new Map<string, string>();

/** A name with every separator as "-", in lower case. */
export function foldHeaderName(name: string): string {
  const known = folded.get(name);
  if (known !== undefined) return known;
  const fold = name.toLowerCase().replace(SEPARATORS, "-");
  if (name.length > MAX_FOLDED_CHARACTERS) return fold;
  if (folded.size >= MAX_FOLDED) folded.clear();
  folded.set(name, fold);
  return fold;
}

/** Compiles the check for names that begin with `prefix`, such as "x-auth-". */
export function createNamespace(prefix: string): IsInNamespace {
  const start = foldHeaderName(prefix);
  return (name) => foldHeaderName(name).startsWith(start);
}

/** True for headers by which proxies describe a request; a client's own are never forwarded. */
export function isProxyHeader(name: string): boolean {
  const fold = foldHeaderName(name);
  return PROXY_HEADERS.has(fold) || PROXY_NAMESPACES.some((namespace) => fold.startsWith(namespace));
}

/**
 * What of `Connection` (RFC 9110 section 7.6.1) would take a header from a request on its way that must
 * arrive: the sidecar's own, credentials, or what proxies say. Undefined where there is nothing.
 */
export function findConnectionAbuse(headers: readonly Header[], isOwn: IsInNamespace): string | undefined {
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== "connection") continue;
    for (const option of value.split(",")) {
      const named = option.trim().toLowerCase();
      if (isOwn(named)) return "a Connection header that names an identity header";
      if (NEVER_HOP_BY_HOP.has(named) || isProxyHeader(named)) {
        return "a Connection header that names a header which must arrive";
      }
    }
  }
  return undefined;
}

const TOKEN_HEADERS = new Map([
  ["authorization", "Authorization"],
  ["dpop", "DPoP"],
]);
const METHOD_OVERRIDES = new Set(["x-http-method-override", "x-http-method", "x-method-override"]);

/**
 * A header of the sidecar's namespace, or one that carries a token, that stands in a request more than once: which of
 * two an upstream reads is anybody's guess (CVE-2026-26308). Other spellings are other headers here, and are removed.
 * Undefined where there is none.
 */
export function findRepeatedHeader(headers: readonly Header[], isOwn: IsInNamespace): string | undefined {
  const seen = new Set<string>();
  for (const [name] of headers) {
    const lower = name.toLowerCase();
    const token = TOKEN_HEADERS.get(lower);
    if (token === undefined && !isOwn(name)) continue;
    if (seen.has(lower))
      return token === undefined ? "an identity header twice" : `more than one ${token} header`;
    seen.add(lower);
  }
  return undefined;
}

/** A header by which frameworks take another method than the request's. Undefined where there is none that differs. */
export function findMethodOverride(headers: readonly Header[], method: string): string | undefined {
  const found = headers.some(
    ([name, value]) =>
      METHOD_OVERRIDES.has(foldHeaderName(name)) && value.trim().toUpperCase() !== method.toUpperCase(),
  );
  return found ? "a header that asks for another method than the request's" : undefined;
}
