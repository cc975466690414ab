/** Protobuf without knowing any message: by field numbers, written apart from what is tested. */

export type WireValue = number | Uint8Array;

/** The values of each field, in order. Integers up to 2^31, length-delimited bytes, and 8-byte values as bytes. */
export type WireMessage = ReadonlyMap<number, readonly WireValue[]>;

export function decodeWire(bytes: Uint8Array): WireMessage {
  const fields = new Map<number, WireValue[]>();
  let position = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++];
      if (byte === undefined || shift > 28) throw new Error("a varint that does not end");
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (position < bytes.length) {
    const tag = readVarint();
    const type = tag & 7;
    const length = type === 2 ? readVarint() : type === 1 ? 8 : 0;
    if (type > 2) throw new Error(`wire type ${type}`);
    const value = type === 0 ? readVarint() : bytes.subarray(position, position + length);
    if (typeof value !== "number" && value.length !== length) throw new Error("a value that does not end");
    position += length;
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

/** Every message at this path of field numbers. */
export function listMessages(message: WireMessage, ...path: readonly number[]): readonly WireMessage[] {
  return path.reduce<readonly WireMessage[]>(
    (messages, field) =>
      messages.flatMap((one) => (one.get(field) ?? []).map((value) => decodeWire(value as Uint8Array))),
    [message],
  );
}

/** The text of a field, or undefined where it is absent. */
export function textOf(message: WireMessage | undefined, field: number): string | undefined {
  const value = message?.get(field)?.at(-1);
  return value === undefined || typeof value === "number" ? undefined : Buffer.from(value).toString("utf8");
}

export function numberOf(message: WireMessage | undefined, field: number): number {
  const value = message?.get(field)?.at(-1);
  return typeof value === "number" ? value : 0;
}

/** One length-delimited field. */
export function encodeField(field: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([encodeVarint(field * 8 + 2), encodeVarint(bytes.length), bytes]);
}

export function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

export interface CheckToEncode {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly scheme?: string;
  readonly headers?: readonly (readonly [string, string])[];
  /** As `header_map`, as Envoy sends them with `encode_raw_headers`. Values are latin1. */
  readonly rawHeaders?: readonly (readonly [string, string])[];
  /** URL-encoded PEM, as Envoy sends it with `include_peer_certificate`. */
  readonly peerCertificate?: string;
}

/** A `CheckRequest`. */
export function encodeCheck(check: CheckToEncode): Buffer {
  const { method = "GET", path = "/x", host = "api.test", scheme = "https" } = check;
  const raw = (check.rawHeaders ?? []).map(([name, value]) =>
    encodeField(1, Buffer.concat([encodeField(1, name), encodeField(3, Buffer.from(value, "latin1"))])),
  );
  const http = Buffer.concat([
    ...[encodeField(2, method), encodeField(4, path), encodeField(5, host), encodeField(6, scheme)],
    ...(check.headers ?? []).map(([name, value]) =>
      encodeField(3, Buffer.concat([encodeField(1, name), encodeField(2, value)])),
    ),
    ...(raw.length === 0 ? [] : [encodeField(13, Buffer.concat(raw))]),
  ]);
  const { peerCertificate } = check;
  const source = peerCertificate === undefined ? [] : [encodeField(1, encodeField(5, peerCertificate))];
  return encodeField(1, Buffer.concat([...source, encodeField(4, encodeField(2, http))]));
}
