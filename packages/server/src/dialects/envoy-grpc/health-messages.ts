/** `grpc.health.v1`: the question names a service, the answer says whether it serves. */

import { MessageReader } from "./read-message.ts";
import { finishMessage, type Octets, writeOctets, writeText, writeWhole } from "./write-message.ts";

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
  const reader = new MessageReader(bytes);
  while (reader.next(reader.end)) {
    if (reader.field === REQUEST.service) service = reader.text();
    else reader.skip();
  }
  return service;
}

export function writeHealthResponse(status: ServingStatus): Uint8Array {
  return finishMessage(describeStatus(status));
}

/** `HealthListResponse`: the status of each service. */
export function writeHealthList(
  services: readonly (readonly [service: string, status: ServingStatus])[],
): Uint8Array {
  const entries = services.map(([service, status]) => {
    const entry = writeText(MAP_ENTRY.key, service) + writeOctets(MAP_ENTRY.value, describeStatus(status));
    return writeOctets(LIST.statuses, entry);
  });
  return finishMessage(entries.join(""));
}

function describeStatus(status: ServingStatus): Octets {
  return writeWhole(RESPONSE.status, status);
}
