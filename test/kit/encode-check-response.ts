/** As much of protocol buffers as canned answers for Envoy need: `envoy.service.auth.v3.CheckResponse`. */

type Header = readonly [name: string, value: string];

const PERMISSION_DENIED = 7;

/** Lets the request pass with these headers in place of its own. */
export function encodeAllowed(headers: readonly Header[]): Uint8Array {
  const options = headers.map((header) => writeMessage(2, encodeHeaderOption(header)));
  return Buffer.concat([writeMessage(1, Buffer.alloc(0)), writeMessage(3, Buffer.concat(options))]);
}

/** Refuses with this HTTP status. */
export function encodeDenied(status: number, headers: readonly Header[]): Uint8Array {
  const options = headers.map((header) => writeMessage(2, encodeHeaderOption(header)));
  const denied = Buffer.concat([writeMessage(1, writeNumber(1, status)), ...options]);
  return Buffer.concat([writeMessage(1, writeNumber(1, PERMISSION_DENIED)), writeMessage(2, denied)]);
}

function encodeHeaderOption([name, value]: Header): Buffer {
  const header = Buffer.concat([writeMessage(1, Buffer.from(name)), writeMessage(2, Buffer.from(value))]);
  const noAppend = writeMessage(2, Buffer.alloc(0));
  const overwrite = writeNumber(3, 2);
  return Buffer.concat([writeMessage(1, header), noAppend, overwrite]);
}

/** A field of length-delimited type: a message, or text. */
function writeMessage(field: number, content: Buffer): Buffer {
  return Buffer.concat([writeVarint(field * 8 + 2), writeVarint(content.length), content]);
}

function writeNumber(field: number, value: number): Buffer {
  return Buffer.concat([writeVarint(field * 8), writeVarint(value)]);
}

function writeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
