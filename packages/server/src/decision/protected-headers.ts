/** Which of a client's headers belong to the sidecar or to proxies, however they are spelled. */

/** Tells whether a header's name is in a namespace, in any spelling that some server reads alike. */
export type IsInNamespace = (name: string) => boolean;

// CGI, WSGI and PHP turn "-" (and PHP ".") into "_", so that all of these are one variable there.
const SEPARATORS = /[^a-z0-9]/g;

// Set by proxies or read by frameworks in place of the request line: RFC 7239, RFC 9440, CVE-2023-27487.
const PROXY_NAMESPACES = ["x-forwarded-", "x-original-", "x-envoy-", "x-ssl-", "ssl-client-"];
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
export function findConnectionAbuse(values: readonly string[], isOwn: IsInNamespace): string | undefined {
  for (const value of values) {
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

/** Of headers by which frameworks take another method than the request's: undefined where none differs. */
export function findMethodOverride(values: readonly string[], method: string): string | undefined {
  const found = values.some((value) => value.trim().toUpperCase() !== method.toUpperCase());
  return found ? "a header that asks for another method than the request's" : undefined;
}
