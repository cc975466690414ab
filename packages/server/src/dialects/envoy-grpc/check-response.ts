/** `envoy.service.auth.v3.CheckResponse`. Envoy lets in whatever has code 0, an empty message too: refusals cannot be without one. */

import { finishMessage, type Octets, writeOctets, writeText, writeWhole } from "./write-message.ts";

type Header = readonly [name: string, value: string];

export interface AllowedCheck {
  /** Overwrites what the client sent. Names from configuration only: Envoy would let an answer set `:path` and `host` too. */
  readonly set: readonly Header[];
  /** Taken away after `set`, so no name is in both. */
  readonly remove: readonly string[];
  /** Added to the upstream's answer for the client, in place of the upstream's own of these names. */
  readonly toClient: readonly Header[];
  /** Dynamic metadata under `envoy.filters.http.ext_authz`: the octets of a `google.protobuf.Struct`. */
  readonly metadata: Octets;
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
const OK = { headers: 2, headersToRemove: 5, responseHeadersToAdd: 6 } as const;
const HTTP_STATUS = { code: 1 } as const;
const HEADER_OPTION = { header: 1, append: 2, appendAction: 3 } as const;
const HEADER_VALUE = { key: 1, value: 2 } as const;
/** Of `HeaderAppendAction`. */
const OVERWRITE_IF_EXISTS_OR_ADD = 2;

/** `status` without a code, which is code 0. */
const STATUS_OK = writeOctets(CHECK_RESPONSE.status, "");
// Envoys of different age read one or the other; a BoolValue that is there and empty says false.
const OVERWRITE =
  writeOctets(HEADER_OPTION.append, "") + writeWhole(HEADER_OPTION.appendAction, OVERWRITE_IF_EXISTS_OR_ADD);

/** Writes the answer that lets a request in. */
export function writeAllowedCheck({ set, remove, toClient, metadata }: AllowedCheck): Uint8Array {
  let ok = "";
  for (const header of set) ok += writeOctets(OK.headers, writeHeader(header) + OVERWRITE);
  for (const name of remove) ok += writeText(OK.headersToRemove, name);
  for (const header of toClient) ok += writeOctets(OK.responseHeadersToAdd, writeHeader(header) + OVERWRITE);
  const dynamicMetadata = writeOctets(CHECK_RESPONSE.dynamicMetadata, metadata);
  return finishMessage(STATUS_OK + writeOctets(CHECK_RESPONSE.ok, ok) + dynamicMetadata);
}

/**
 * Writes the answer that refuses a request.
 * @throws RangeError for code 0.
 */
export function writeDeniedCheck({ code, status, headers, body }: DeniedCheck): Uint8Array {
  if (code === 0) throw new RangeError("a refusal with code 0 would let the request in");
  let denied = writeOctets(DENIED.status, writeWhole(HTTP_STATUS.code, status));
  // Without an action they are appended, and that is what keeps repeated ones.
  for (const header of headers) denied += writeOctets(DENIED.headers, writeHeader(header));
  denied += writeText(DENIED.body, body);
  const told = writeOctets(CHECK_RESPONSE.status, writeWhole(STATUS.code, code));
  return finishMessage(told + writeOctets(CHECK_RESPONSE.denied, denied));
}

function writeHeader([name, value]: Header): Octets {
  // Not `raw_value`, of which Envoy makes an empty header here.
  const header = writeText(HEADER_VALUE.key, name) + writeText(HEADER_VALUE.value, value);
  return writeOctets(HEADER_OPTION.header, header);
}
