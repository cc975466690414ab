import { type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { JsonObject, JsonValue } from "countersign";

const STRUCT = { fields: 1 } as const;
const MAP_ENTRY = { key: 1, value: 2 } as const;
const VALUE = { null: 1, number: 2, string: 3, bool: 4, struct: 5, list: 6 } as const;
const LIST = { values: 1 } as const;

const BYTES = WireType.LengthDelimited;

/** Writes the fields of a `google.protobuf.Struct`. As deep as the value, which the engine's reader bounds. */
export function writeStruct(writer: BinaryWriter, fields: JsonObject): void {
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    writer.tag(STRUCT.fields, BYTES).fork();
    writer.tag(MAP_ENTRY.key, BYTES).string(key);
    writer.tag(MAP_ENTRY.value, BYTES).fork();
    writeValue(writer, value);
    writer.join().join();
  }
}

function writeValue(writer: BinaryWriter, value: JsonValue): void {
  if (value === null) writer.tag(VALUE.null, WireType.Varint).int32(0);
  else if (typeof value === "number") writer.tag(VALUE.number, WireType.Bit64).double(value);
  else if (typeof value === "string") writer.tag(VALUE.string, BYTES).string(value);
  else if (typeof value === "boolean") writer.tag(VALUE.bool, WireType.Varint).bool(value);
  else if (isList(value)) {
    writer.tag(VALUE.list, BYTES).fork();
    for (const item of value) {
      writer.tag(LIST.values, BYTES).fork();
      writeValue(writer, item);
      writer.join();
    }
    writer.join();
  } else {
    writer.tag(VALUE.struct, BYTES).fork();
    writeStruct(writer, value);
    writer.join();
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
