/**
 * Which URLs are ever fetched. They come from the configuration or from the metadata of a configured issuer, never
 * from a token. What `fetch` cannot do is look at the address that a name resolves to, or hold on to it: a name
 * under an issuer's control that resolves to a private address is dialled. TLS is the defense there, for an
 * inner service has no certificate for that name. Where more is needed, pass a `fetch` bound to an egress proxy.
 */

const LONGEST_URL = 2048;
const LOOPBACK_V4 = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const IP_V4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const LOCAL_NAME = /(?:^|\.)localhost\.?$/;
// White space and controls: the URL parser would drop or trim some of them silently.
const UNPRINTABLE = /[\u0000-\u0020\u007f-\u00a0]/;

export interface UrlRules {
  /** Admits http where the host is `localhost`, 127.0.0.0/8 or `[::1]`. */
  readonly insecureLoopbackHttp: boolean;
}

/** The URL, or what is wrong with it. Names the rule and, at most, the scheme: a URL can hold credentials. */
export function parseFetchUrl(text: string, rules: UrlRules): URL | { readonly problem: string } {
  if (text.length > LONGEST_URL) return { problem: `expected at most ${LONGEST_URL} characters` };
  if (UNPRINTABLE.test(text)) return { problem: "expected a URL without white space or control characters" };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return { problem: "expected an absolute https URL" };
  if (url.username !== "" || url.password !== "")
    return { problem: "expected a URL without user name or password" };
  if (url.protocol === "https:") return url;
  if (url.protocol !== "http:") return { problem: `expected the scheme https, found ${url.protocol}` };
  if (!isLoopback(url.hostname))
    return { problem: "expected https: http is admitted for loopback hosts only" };
  if (!rules.insecureLoopbackHttp) return { problem: "expected https, found http to a loopback host" };
  return url;
}

/**
 * Whether metadata of `issuer` may point to `target`. Any name may be named, for providers publish keys on other
 * hosts; an address literal or `localhost` only where the issuer itself is there, so that metadata cannot be
 * used to reach into the network of whoever reads it.
 */
export function mayPointTo(target: URL, issuer: URL): boolean {
  if (!isAddress(target.hostname)) return true;
  if (target.hostname === issuer.hostname) return true;
  return isLoopback(target.hostname) && isLoopback(issuer.hostname);
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || IP_V4.test(hostname) || LOCAL_NAME.test(hostname);
}

/** `hostname` as the URL parser gives it: every spelling of an IPv4 address has become dotted decimals. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || LOOPBACK_V4.test(hostname);
}
