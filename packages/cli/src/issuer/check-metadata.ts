import { shorten } from "../output/printable.ts";
import { describeDifference } from "./compare-issuer.ts";
import type { MetadataLocation } from "./metadata-locations.ts";
import { locateMetadata } from "./metadata-locations.ts";
import { parseDocument } from "./parse-document.ts";
import type { ProbeSettings } from "./probe-settings.ts";
import { ProbeStopped } from "./probe-step.ts";
import { requestDocument } from "./request-document.ts";

/**
 * Probes both metadata documents and gives the URI of the key set.
 *
 * @throws ProbeStopped where no document leads to one.
 */
export async function findJwksUri(issuer: URL, settings: ProbeSettings): Promise<URL> {
  const found = new Map<string, URL>();
  for (const location of locateMetadata(issuer)) {
    if (settings.log.unreachable) {
      settings.log.add(location.target, {
        name: "url",
        outcome: "skipped",
        detail: `${location.url.href}: the same host`,
      });
      continue;
    }
    const uri = await probeMetadata(location, settings);
    if (uri !== undefined) found.set(location.target, uri);
  }
  const uris = [...found.values()];
  const [first, second] = uris;
  if (first === undefined && settings.log.unreachable) throw new ProbeStopped();
  if (first === undefined) {
    return settings.log.fail("issuer", {
      name: "metadata",
      fault: "wrong",
      detail: "no metadata document leads to a key set",
      remedy: "Publish one of the two documents, or configure `keys: { jwksUri }` and check with --jwks URI.",
    });
  }
  if (second !== undefined && first.href !== second.href) {
    settings.log.add("issuer", {
      name: "metadata",
      outcome: "failed",
      detail: `the documents name different key sets: ${first.href} and ${second.href}`,
      remedy: "Make them agree: discovery is refused where they do not.",
    });
  }
  return first;
}

async function probeMetadata(
  { target, url }: MetadataLocation,
  settings: ProbeSettings,
): Promise<URL | undefined> {
  const { log, issuerText } = settings;
  log.add(target, { name: "url", outcome: "passed", detail: url.href });
  try {
    const document = await requestDocument(url, { ...settings, target, optional: true });
    if (document === undefined) return undefined;
    const metadata = parseDocument(document.text, { log, target });
    checkIssuerMember(metadata["issuer"], { target, settings, issuerText });
    return readJwksUri(metadata["jwks_uri"], { target, settings });
  } catch (error) {
    // The other document may still do; the failure has been told.
    if (error instanceof ProbeStopped) return undefined;
    throw error;
  }
}

interface MemberContext {
  readonly target: string;
  readonly settings: ProbeSettings;
}

function checkIssuerMember(found: unknown, context: MemberContext & { readonly issuerText: string }): void {
  const { target, settings, issuerText } = context;
  const difference = typeof found === "string" ? describeDifference(issuerText, found) : "nothing at all";
  if (difference === undefined) {
    settings.log.add(target, { name: "issuer", outcome: "passed", detail: `names itself ${issuerText}` });
    return;
  }
  const shown = typeof found === "string" ? shorten(found, 200) : "no issuer";
  settings.log.fail(target, {
    name: "issuer",
    fault: "wrong",
    detail: `the document names ${shown} (the issuer ${difference})`,
    remedy:
      "Configure the issuer exactly as the document and the tokens' `iss` write it, code point by code point.",
  });
}

function readJwksUri(value: unknown, { target, settings }: MemberContext): URL {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null) {
    return settings.log.fail(target, {
      name: "jwks_uri",
      fault: "wrong",
      detail: value === undefined ? "the document has no jwks_uri" : "jwks_uri is no URL",
      remedy: "Have the identity provider publish its keys; only providers without signed tokens have none.",
    });
  }
  settings.log.add(target, { name: "jwks_uri", outcome: "passed", detail: shorten(url.href, 200) });
  return url;
}
