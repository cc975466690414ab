/**
 * Says how two issuers differ that people take for the same; undefined where they are equal code point by
 * code point (OpenID Connect Discovery 1.0 section 4.3, RFC 8414 section 3.3).
 */
export function describeDifference(expected: string, found: string): string | undefined {
  if (expected === found) return undefined;
  if (expected === `${found}/`) return "without the trailing slash";
  if (`${expected}/` === found) return "with a trailing slash";
  if (expected.toLowerCase() === found.toLowerCase()) return "in another case";
  const [expectedUrl, foundUrl] = [URL.parse(expected), URL.parse(found)];
  if (expectedUrl === null || foundUrl === null) return "no URL at all";
  if (expectedUrl.protocol !== foundUrl.protocol)
    return `with ${foundUrl.protocol} in place of ${expectedUrl.protocol}`;
  if (expectedUrl.host !== foundUrl.host) return "of another host";
  return "with another path";
}
