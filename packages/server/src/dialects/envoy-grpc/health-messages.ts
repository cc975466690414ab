/** `grpc.health.v1`: the question names a service, the answer says whether it serves. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { MessageReader } from "./read-message.ts";

const REQUEST = { service: 1 } as const;
const RESPONSE = { status: 1 } as const;
const LIST = { statuses: 1 } as const;
const MAP_ENTRY = { key: 1, value: 2 } as const;

/** `HealthCheckResponse.ServingStatus`. */
export const SERVING_STATUS = { serving: 1, notServing: 2, serviceUnknown: 3 } as const;

export type ServingStatus = (typeof SERVING_STATUS)[keyof typeof SERVING_STATUS];

/**
 * The service that is asked about; empty for the server as a whole.
 * @throws InvalidMessage for bytes that are no such message.
 */
export function readHealthRequest(bytes: Uint8Array): string {
  let service = "";
  MessageReader.read(bytes, (field, reader) => {
    if (field !== REQUEST.service) return false;
    service = reader.text();
    return true;
  });
  return service;
}

export function writeHealthResponse(status: ServingStatus): Uint8Array {
  return new BinaryWriter().tag(RESPONSE.status, WireType.Varint).int32(status).finish();
}

/** `HealthListResponse`: the status of each service. */
export function writeHealthList(
  services: readonly (readonly [service: string, status: ServingStatus])[],
): Uint8Array {
  const writer = new BinaryWriter();
  for (const [service, status] of services) {
    writer.tag(LIST.statuses, WireType.LengthDelimited).fork();
    writer.tag(MAP_ENTRY.key, WireType.LengthDelimited).string(service);
    writer.tag(MAP_ENTRY.value, WireType.LengthDelimited).bytes(writeHealthResponse(status)).join();
  }
  return writer.finish();
}
