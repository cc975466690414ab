/** A `CheckRequest` as Envoy writes it, so that what is measured reads nothing that it has written itself. */

/** The message for a GET of `target` with this token, framed for gRPC; about what a browser sends. */
export function encodeCheckCall(target: string, token: string | undefined): Buffer {
  const headers = {
    ":authority": "api.example.com",
    ":method": "GET",
    ":path": target,
    ":scheme": "https",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    accept: "application/json",
    "accept-encoding": "gzip, deflate, br",
    "accept-language": "de,en;q=0.5",
    cookie: `session=${"a".repeat(80)}`,
    "x-request-id": "d6b6bd6f-6c94-4b5c-9d0d-9d0ef7a4a1a5",
    "x-forwarded-proto": "https",
    "x-forwarded-for": "203.0.113.7",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const values = Object.entries(headers).map(([name, value]) =>
    field(1, Buffer.concat([field(1, name), field(3, value)])),
  );
  const http = [
    ...[field(2, "GET"), field(4, target), field(5, "api.example.com"), field(6, "https")],
    field(13, Buffer.concat(values)),
  ];
  const address = field(1, field(1, field(2, "203.0.113.7")));
  const attributes = [field(1, address), field(2, address), field(4, field(2, Buffer.concat(http)))];
  const message = field(1, Buffer.concat(attributes));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function field(number: number, value: string | Buffer): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
