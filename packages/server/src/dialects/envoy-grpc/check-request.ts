/** `envoy.service.auth.v3.CheckRequest`: what Envoy says of the client's request. Only the fields in use are read. */

import { MAX_HEADER_FIELDS } from "../../decision/http-answer.ts";
import { MessageReader } from "./read-message.ts";

export interface CheckRequest {
  readonly method: string;
  /** `:path` as it came, with its query. Empty for CONNECT. */
  readonly path: string;
  readonly host: string;
  readonly scheme: string;
  /**
   * Names and values in turn, in order, without pseudo-header fields. Of repeated ones Envoy joins the values with
   * commas, unless `encode_raw_headers` is on.
   */
  readonly rawHeaders: readonly string[];
  /** More header fields than `MAX_HEADER_FIELDS`; the others are not in `rawHeaders`. */
  readonly hasTooManyFields: boolean;
  /** Both forms of headers are filled, which Envoy never does. */
  readonly hasBothForms: boolean;
  /** From the client's certificate, where Envoy checked one: its URI, else its DNS name, else its subject. */
  readonly peerPrincipal: string;
  /** The client's certificate as URL-encoded PEM, where `include_peer_certificate` is on. */
  readonly peerCertificate: string;
}

/** Field numbers of the messages on the way to what is in use. */
const CHECK_REQUEST = { attributes: 1 } as const;
const ATTRIBUTES = { source: 1, request: 4 } as const;
const PEER = { principal: 4, certificate: 5 } as const;
const REQUEST = { http: 2 } as const;
const HTTP = { method: 2, headers: 3, path: 4, host: 5, scheme: 6, headerMap: 13 } as const;
const HEADER_MAP = { headers: 1 } as const;
const HEADER = { key: 1, value: 2, rawValue: 3 } as const;
/** In a list of names and values. */
const MAX_TEXTS = 2 * MAX_HEADER_FIELDS;

interface Found {
  method: string;
  path: string;
  host: string;
  scheme: string;
  readonly mapped: string[];
  readonly raw: string[];
  peerPrincipal: string;
  peerCertificate: string;
}

/** @throws InvalidMessage for bytes that are no such message. */
export function readCheckRequest(bytes: Uint8Array): CheckRequest {
  const found: Found = {
    method: "",
    path: "",
    host: "",
    scheme: "",
    mapped: [],
    raw: [],
    peerPrincipal: "",
    peerCertificate: "",
  };
  const reader = new MessageReader(bytes);
  while (reader.next(reader.end)) {
    if (reader.field === CHECK_REQUEST.attributes) readAttributes(reader, found);
    else reader.skip();
  }
  const { method, path, host, scheme, mapped, raw, peerPrincipal, peerCertificate } = found;
  const headers = raw.length > 0 ? raw : mapped;
  const hasTooManyFields = headers.length > MAX_TEXTS;
  return {
    method,
    path,
    host,
    scheme,
    rawHeaders: hasTooManyFields ? headers.slice(0, MAX_TEXTS) : headers,
    hasTooManyFields,
    hasBothForms: raw.length > 0 && mapped.length > 0,
    peerPrincipal,
    peerCertificate,
  };
}

function readAttributes(reader: MessageReader, found: Found): void {
  const end = reader.begin();
  while (reader.next(end)) {
    if (reader.field === ATTRIBUTES.source) readPeer(reader, found);
    else if (reader.field === ATTRIBUTES.request) readRequest(reader, found);
    else reader.skip();
  }
}

function readPeer(reader: MessageReader, found: Found): void {
  const end = reader.begin();
  while (reader.next(end)) {
    if (reader.field === PEER.principal) found.peerPrincipal = reader.text();
    else if (reader.field === PEER.certificate) found.peerCertificate = reader.text();
    else reader.skip();
  }
}

function readRequest(reader: MessageReader, found: Found): void {
  const end = reader.begin();
  while (reader.next(end)) {
    if (reader.field === REQUEST.http) readHttp(reader, found);
    else reader.skip();
  }
}

function readHttp(reader: MessageReader, found: Found): void {
  const end = reader.begin();
  while (reader.next(end)) {
    switch (reader.field) {
      case HTTP.method:
        found.method = reader.word();
        break;
      case HTTP.path:
        found.path = reader.text();
        break;
      case HTTP.host:
        found.host = reader.word();
        break;
      case HTTP.scheme:
        found.scheme = reader.word();
        break;
      case HTTP.headers:
        readHeader(reader, found.mapped);
        break;
      case HTTP.headerMap:
        readHeaderMap(reader, found.raw);
        break;
      default:
        reader.skip();
    }
  }
}

function readHeaderMap(reader: MessageReader, headers: string[]): void {
  const end = reader.begin();
  while (reader.next(end)) {
    if (reader.field === HEADER_MAP.headers) readHeader(reader, headers);
    else reader.skip();
  }
}

/** An entry of `headers`, or a `HeaderValue`: they differ in that only the latter has a raw value. */
function readHeader(reader: MessageReader, headers: string[]): void {
  let name = "";
  let value = "";
  const end = reader.begin();
  while (reader.next(end)) {
    if (reader.field === HEADER.key) name = reader.word();
    else if (reader.field === HEADER.value || reader.field === HEADER.rawValue) value = reader.text();
    else reader.skip();
  }
  // Pseudo-header fields say again what the message's own fields say. One field too many is enough to know.
  if (!name.startsWith(":") && headers.length <= MAX_TEXTS) headers.push(name, value);
}
