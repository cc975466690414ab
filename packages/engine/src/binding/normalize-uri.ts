/** Comparison of `htu` with the request's URL (RFC 9449 section 4.3, item 9). */

/** Longest URI, without query and fragment, in UTF-16 units. */
const MAX_URI_LENGTH = 8192;

const PARTS = /^(https?):\/\/([^/]*)(.*)$/is;
/** A name or an IPv4 address, or an IPv6 address; no user information, and nothing escaped. */
const AUTHORITY = /^([a-z0-9._~!$&'()*+,;=-]+|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?$/i;
const UNSEEN = /[\p{Cc} \\]/u;
const BAD_ESCAPE = /%(?![0-9a-f]{2})/i;
const ESCAPE = /%[0-9a-f]{2}/gi;
const UNRESERVED = /[a-z0-9._~-]/i;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
const LARGEST_PORT = 65_535;

/** Whether both are the same http or https URI but for query and fragment. */
export function isSameResource(one: string, other: string): boolean {
  const normalized = normalizeUri(one);
  return normalized !== undefined && normalized === normalizeUri(other);
}

/**
 * An http or https URI without query and fragment in the form of RFC 3986 sections 6.2.2 and 6.2.3: scheme and host
 * in lower case, no default port, escapes in upper case and only where needed, no dot segments, no empty path.
 * Undefined for everything else, and for what readers understand differently: user information, escapes in the host,
 * half escapes, white space, backslashes.
 */
export function normalizeUri(text: string): string | undefined {
  const end = text.search(/[?#]/);
  const uri = end < 0 ? text : text.slice(0, end);
  if (uri.length > MAX_URI_LENGTH || UNSEEN.test(uri) || BAD_ESCAPE.test(uri)) return undefined;
  const [, scheme = "", authority = "", path = ""] = PARTS.exec(uri) ?? [];
  const [, host, port = ""] = AUTHORITY.exec(authority) ?? [];
  if (host === undefined || Number(port) > LARGEST_PORT) return undefined;
  const lowerScheme = scheme.toLowerCase();
  const isDefault = port === "" || Number(port) === DEFAULT_PORTS[lowerScheme];
  const site = `${lowerScheme}://${host.toLowerCase()}${isDefault ? "" : `:${Number(port)}`}`;
  return site + removeDotSegments(path.replace(ESCAPE, normalizeEscape));
}

function normalizeEscape(text: string): string {
  const character = String.fromCharCode(Number.parseInt(text.slice(1), 16));
  return UNRESERVED.test(character) ? character : text.toUpperCase();
}

/** RFC 3986 section 5.2.4, for a path that is empty or begins with a slash. */
function removeDotSegments(path: string): string {
  if (!path.includes("/.")) return path === "" ? "/" : path;
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const isDots = segment === "." || segment === "..";
    if (segment === "..") kept.pop();
    // Dots at the end leave the slash before them.
    if (!isDots) kept.push(segment);
    else if (index === segments.length - 1) kept.push("");
  }
  return `/${kept.join("/")}`;
}
