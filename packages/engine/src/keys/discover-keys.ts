/** Where an issuer publishes its keys: OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3. */

import { type DocumentContext, fetchDocument } from "./fetch-document.ts";
import { FetchProblem, failFetch, hasStatus, nameFetchFailure } from "./fetch-failure.ts";
import { mayPointTo, parseFetchUrl, type UrlRules } from "./fetch-url.ts";
import { readJsonObject } from "./read-json-object.ts";
import { settleWithin } from "./settle-within.ts";

/** How long the second document may keep waiting once the first is there. */
const SECOND_DOCUMENT_MS = 1000;
/** With these the OpenID document does not exist; some storage services answer 403 for that. */
const ABSENT: readonly number[] = [403, 404, 410];

export interface MetadataUrls {
  readonly openid: string;
  readonly oauth: string;
}

/** @returns what is wrong with an issuer as a base of discovery, or undefined. RFC 8414 section 2. */
export function checkDiscoveryIssuer(issuer: string, rules: UrlRules): string | undefined {
  const url = parseFetchUrl(issuer, rules);
  if (!(url instanceof URL)) return url.problem;
  return /[?#]/.test(issuer)
    ? "expected an issuer without query and fragment (RFC 8414 section 2)"
    : undefined;
}

/**
 * The OpenID document stands behind the issuer's path, the OAuth one before it (RFC 8414 section 3.1); one
 * trailing slash of the issuer is dropped for both. The issuer must have passed `checkDiscoveryIssuer`.
 */
export function metadataUrls(issuer: string): MetadataUrls {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return {
    openid: `${origin}${path}/.well-known/openid-configuration`,
    oauth: `${origin}/.well-known/oauth-authorization-server${path}`,
  };
}

/**
 * Fetches both documents at the same time and gives the `jwks_uri`. The OpenID one decides; where it does not exist,
 * the OAuth one does. Where both are there and both name this issuer, their `jwks_uri` must agree. A second document
 * of another issuer must not be used (RFC 8414 section 3.3) and is treated as absent, as is one that gives no answer.
 *
 * @throws FetchProblem
 */
export async function discoverKeys(
  { issuer, signal }: { readonly issuer: string; readonly signal: AbortSignal },
  context: DocumentContext,
): Promise<string> {
  const urls = metadataUrls(issuer);
  const read = async (url: string, until: AbortSignal): Promise<string> =>
    readMetadata((await fetchDocument({ url, signal: until }, context)).text, issuer, context.settings);
  const second = new AbortController();
  const oauth = read(urls.oauth, AbortSignal.any([signal, second.signal]));
  oauth.catch(() => undefined);
  try {
    const openid = await read(urls.openid, signal).catch(async (error: unknown) => {
      if (!hasStatus(error, ABSENT)) throw error;
      return oauth.catch((other: unknown) => {
        throw hasStatus(other, ABSENT) ? error : other;
      });
    });
    const other = await settleWithin(
      oauth.catch(() => openid),
      SECOND_DOCUMENT_MS,
    );
    if (other !== undefined && other !== openid) {
      failFetch("issuer_mismatch", "the two documents name different values of jwks_uri");
    }
    return openid;
  } catch (error) {
    const failure = nameFetchFailure(error, signal);
    throw new FetchProblem({ ...failure, detail: `metadata: ${failure.detail}` });
  } finally {
    second.abort();
  }
}

function readMetadata(text: string | undefined, issuer: string, rules: UrlRules): string {
  const { issuer: named, jwks_uri: uri } = readJsonObject(text ?? "");
  // Code point by code point: no normalization, or two issuers could be taken for one.
  if (named !== issuer) {
    failFetch("issuer_mismatch", "issuer is not the configured one, code point by code point");
  }
  const url = typeof uri === "string" ? parseFetchUrl(uri, rules) : { problem: "expected text" };
  if (!(url instanceof URL)) failFetch("parse", `jwks_uri: ${url.problem}`);
  if (!mayPointTo(url, new URL(issuer))) {
    failFetch("parse", "jwks_uri names an address that is not the issuer's own");
  }
  return url.href;
}
