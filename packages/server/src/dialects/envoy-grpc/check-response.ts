/** `envoy.service.auth.v3.CheckResponse`. Envoy lets in whatever has code 0, an empty message too: refusals cannot be without one. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { JsonObject } from "countersign";
import { writeStruct } from "./write-struct.ts";

type Header = readonly [name: string, value: string];

export interface AllowedCheck {
  /** Overwrites what the client sent. Names from configuration only: Envoy would let an answer set `:path` and `host` too. */
  readonly set: readonly Header[];
  /** Taken away after `set`, so no name is in both. */
  readonly remove: readonly string[];
  /** Dynamic metadata under `envoy.filters.http.ext_authz`. */
  readonly metadata: JsonObject;
}

export interface DeniedCheck {
  /** google.rpc.Code; never 0, which would let the request in. */
  readonly code: number;
  /** HTTP status that the client gets. */
  readonly status: number;
  /** A repeated name stays repeated. */
  readonly headers: readonly Header[];
  readonly body: string;
}

const CHECK_RESPONSE = { status: 1, denied: 2, ok: 3, dynamicMetadata: 4 } as const;
const STATUS = { code: 1 } as const;
const DENIED = { status: 1, headers: 2, body: 3 } as const;
const OK = { headers: 2, headersToRemove: 5 } as const;
const HTTP_STATUS = { code: 1 } as const;
const HEADER_OPTION = { header: 1, append: 2, appendAction: 3 } as const;
const HEADER_VALUE = { key: 1, value: 2 } as const;
/** Of `HeaderAppendAction`. */
const OVERWRITE_IF_EXISTS_OR_ADD = 2;

const BYTES = WireType.LengthDelimited;

/** Writes the answer that lets a request in. */
export function writeAllowedCheck({ set, remove, metadata }: AllowedCheck): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(CHECK_RESPONSE.status, BYTES).fork().join();
  writer.tag(CHECK_RESPONSE.ok, BYTES).fork();
  for (const header of set) {
    writer.tag(OK.headers, BYTES).fork();
    writeHeader(writer, header);
    // Envoys of different age read one or the other; a BoolValue that is there and empty says false.
    writer.tag(HEADER_OPTION.append, BYTES).fork().join();
    writer.tag(HEADER_OPTION.appendAction, WireType.Varint).int32(OVERWRITE_IF_EXISTS_OR_ADD);
    writer.join();
  }
  for (const name of remove) writer.tag(OK.headersToRemove, BYTES).string(name);
  writer.join();
  writer.tag(CHECK_RESPONSE.dynamicMetadata, BYTES).fork();
  writeStruct(writer, metadata);
  return writer.join().finish();
}

/**
 * Writes the answer that refuses a request.
 * @throws RangeError for code 0.
 */
export function writeDeniedCheck({ code, status, headers, body }: DeniedCheck): Uint8Array {
  if (code === 0) throw new RangeError("a refusal with code 0 would let the request in");
  const writer = new BinaryWriter();
  writer.tag(CHECK_RESPONSE.status, BYTES).fork().tag(STATUS.code, WireType.Varint).int32(code).join();
  writer.tag(CHECK_RESPONSE.denied, BYTES).fork();
  writer.tag(DENIED.status, BYTES).fork().tag(HTTP_STATUS.code, WireType.Varint).int32(status).join();
  // Without an action they are appended, and that is what keeps repeated ones.
  for (const header of headers) {
    writer.tag(DENIED.headers, BYTES).fork();
    writeHeader(writer, header);
    writer.join();
  }
  return writer.tag(DENIED.body, BYTES).string(body).join().finish();
}

function writeHeader(writer: BinaryWriter, [name, value]: Header): void {
  writer.tag(HEADER_OPTION.header, BYTES).fork();
  writer.tag(HEADER_VALUE.key, BYTES).string(name);
  // Not `raw_value`, of which Envoy makes an empty header here.
  writer.tag(HEADER_VALUE.value, BYTES).string(value);
  writer.join();
}
