/** Where an issuer publishes its keys: OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3. */

import {
  type DocumentAnswer,
  type DocumentContext,
  type FetchFailure,
  fetchDocument,
} from "./fetch-document.ts";
import { mayPointTo, parseFetchUrl, type UrlRules } from "./fetch-url.ts";
import { readJsonObject } from "./read-key-document.ts";

/** How long the second document may keep waiting once the first is there. */
const SECOND_DOCUMENT_MS = 1000;
/** With these the OpenID document does not exist; some storage services answer 403 for that. */
const ABSENT: readonly (number | undefined)[] = [403, 404, 410];

export interface MetadataUrls {
  readonly openid: string;
  readonly oauth: string;
}

/** @returns what is wrong with an issuer as a base of discovery, or undefined. RFC 8414 section 2. */
export function checkDiscoveryIssuer(issuer: string, rules: UrlRules): string | undefined {
  const url = parseFetchUrl(issuer, rules);
  if (!(url instanceof URL)) return url.problem;
  const extra = issuer.includes("?") || issuer.includes("#");
  return extra ? "expected an issuer without query and fragment (RFC 8414 section 2)" : undefined;
}

/**
 * The OpenID document stands behind the issuer's path, the OAuth one before it (RFC 8414 section 3.1); one
 * trailing slash of the issuer is dropped for both. The issuer must have passed `checkDiscoveryIssuer`.
 */
export function metadataUrls(issuer: string): MetadataUrls {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
  return {
    openid: `${origin}${path}/.well-known/openid-configuration`,
    oauth: `${origin}/.well-known/oauth-authorization-server${path}`,
  };
}

export type Discovered = { readonly result: "success"; readonly jwksUri: string } | FetchFailure;

/**
 * Fetches both documents at the same time. The OpenID one decides; where it does not exist, the OAuth one does.
 * Where both are there and both name this issuer, their `jwks_uri` must agree. A second document of another
 * issuer must not be used (RFC 8414 section 3.3) and is treated as absent, as is one that gives no answer.
 */
export async function discoverKeys(
  { issuer, signal }: { readonly issuer: string; readonly signal: AbortSignal },
  context: DocumentContext,
): Promise<Discovered> {
  const urls = metadataUrls(issuer);
  const second = new AbortController();
  const cancelSecond = (): void => second.abort();
  signal.addEventListener("abort", cancelSecond, { once: true });
  const fetchMetadata = (url: string, until: AbortSignal): Promise<DocumentAnswer> =>
    fetchDocument({ url, accept: "application/json", etag: undefined, signal: until }, context);
  const oauthAnswer = fetchMetadata(urls.oauth, second.signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const openid = readMetadata(await fetchMetadata(urls.openid, signal), issuer, context.limits);
    const isThere = openid.result === "success";
    if (!isThere && !ABSENT.includes(openid.status)) return openid;
    if (isThere) timer = setTimeout(cancelSecond, SECOND_DOCUMENT_MS);
    const oauth = readMetadata(await oauthAnswer, issuer, context.limits);
    if (!isThere) return oauth.result === "success" || !ABSENT.includes(oauth.status) ? oauth : openid;
    if (oauth.result !== "success" || oauth.jwksUri === openid.jwksUri) return openid;
    const detail = "openid-configuration and oauth-authorization-server name different values of jwks_uri";
    return { result: "issuer_mismatch", detail };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancelSecond);
    second.abort();
  }
}

function readMetadata(answer: DocumentAnswer, issuer: string, rules: UrlRules): Discovered {
  if (answer.result !== "success") {
    if (answer.result !== "not_modified") return { ...answer, detail: `metadata: ${answer.detail}` };
    return { result: "parse", detail: "metadata: expected status 200, found 304" };
  }
  const read = readJsonObject(answer.text);
  if ("problem" in read) return { result: "parse", detail: `metadata: ${read.problem}` };
  // Code point by code point: no normalization, or two issuers could be taken for one.
  if (read.value["issuer"] !== issuer) {
    return {
      result: "issuer_mismatch",
      detail: "metadata: issuer is not the configured one, code point by code point",
    };
  }
  const jwksUri = read.value["jwks_uri"];
  const url = typeof jwksUri === "string" ? parseFetchUrl(jwksUri, rules) : { problem: "expected text" };
  if (!(url instanceof URL)) return { result: "parse", detail: `metadata: jwks_uri: ${url.problem}` };
  if (mayPointTo(url, new URL(issuer))) return { result: "success", jwksUri: url.href };
  return { result: "parse", detail: "metadata: jwks_uri names an address that is not the issuer's own" };
}
