/** Base64url without padding (RFC 4648 section 5) of few octets, such as a hash. */
export function encodeBase64url(octets: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...octets));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
