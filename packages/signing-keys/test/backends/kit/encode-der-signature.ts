/** An ECDSA signature in DER, of two numbers; written without the ways of the reader under test: by bigint and hex. */
export function encodeDerSignature(r: bigint, s: bigint): Buffer {
  const body = encodeInteger(r) + encodeInteger(s);
  const length = body.length / 2;
  return Buffer.from(`30${length >= 0x80 ? "81" : ""}${length.toString(16).padStart(2, "0")}${body}`, "hex");
}

function encodeInteger(value: bigint): string {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const positive = Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even;
  return `02${(positive.length / 2).toString(16).padStart(2, "0")}${positive}`;
}
