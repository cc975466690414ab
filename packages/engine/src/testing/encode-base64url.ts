// Web APIs only and independent of the engine's own codec, which tests with these tokens put to the proof.

const ENCODER = new TextEncoder();
const CHUNK_BYTES = 8192;

/** UTF-8 octets of a text; octets stay as they are. */
export function toBytes(data: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof data === "string" ? ENCODER.encode(data) : Uint8Array.from(data);
}

/** Base64url without padding (RFC 7515 section 2) of octets, or of a text's UTF-8. */
export function encodeBase64url(data: string | Uint8Array): string {
  const bytes = toBytes(data);
  let binary = "";
  for (let index = 0; index < bytes.length; index += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(index, index + CHUNK_BYTES));
  }
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
