/** Octets of base64 or base64url in its one canonical form; undefined for anything else. */
export function decodeBase64(text: unknown, encoding: "base64" | "base64url"): Buffer | undefined {
  if (typeof text !== "string") return undefined;
  const octets = Buffer.from(text, encoding);
  return octets.toString(encoding) === text && octets.length > 0 ? octets : undefined;
}
