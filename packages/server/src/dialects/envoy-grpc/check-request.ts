/** `envoy.service.auth.v3.CheckRequest`: what Envoy says of the client's request. Only the fields in use are read. */

import { MAX_HEADER_FIELDS } from "../../decision/http-answer.ts";
import { MessageReader, type ReadField } from "./read-message.ts";

type Header = readonly [name: string, value: string];

export interface CheckRequest {
  readonly method: string;
  /** `:path` as it came, with its query. Empty for CONNECT. */
  readonly path: string;
  readonly host: string;
  readonly scheme: string;
  /**
   * In order, without pseudo-header fields. Of repeated ones Envoy joins the values with commas, unless
   * `encode_raw_headers` is on.
   */
  readonly headers: readonly Header[];
  /** More header fields than `MAX_HEADER_FIELDS`; the others are not in `headers`. */
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
const MAP_ENTRY = { key: 1, value: 2 } as const;
const HEADER_MAP = { headers: 1 } as const;
const HEADER_VALUE = { key: 1, value: 2, rawValue: 3 } as const;

interface Found {
  method: string;
  path: string;
  host: string;
  scheme: string;
  readonly mapped: Header[];
  readonly raw: Header[];
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
  const http = createHttpReader(found);
  MessageReader.read(bytes, (field, reader) => {
    if (field !== CHECK_REQUEST.attributes) return false;
    return reader.message((attribute) => {
      if (attribute === ATTRIBUTES.source) return reader.message(createPeerReader(found));
      if (attribute !== ATTRIBUTES.request) return false;
      return reader.message((part) => part === REQUEST.http && reader.message(http));
    });
  });
  const { mapped, raw, ...rest } = found;
  const headers = raw.length > 0 ? raw : mapped;
  return {
    ...rest,
    headers: headers.slice(0, MAX_HEADER_FIELDS),
    hasTooManyFields: headers.length > MAX_HEADER_FIELDS,
    hasBothForms: raw.length > 0 && mapped.length > 0,
  };
}

function createHttpReader(found: Found): ReadField {
  return (field, reader) => {
    switch (field) {
      case HTTP.method:
        found.method = reader.text();
        return true;
      case HTTP.path:
        found.path = reader.text();
        return true;
      case HTTP.host:
        found.host = reader.text();
        return true;
      case HTTP.scheme:
        found.scheme = reader.text();
        return true;
      case HTTP.headers:
        return readEntry(reader, found.mapped);
      case HTTP.headerMap:
        return reader.message((part) => part === HEADER_MAP.headers && readHeaderValue(reader, found.raw));
      default:
        return false;
    }
  };
}

function readEntry(reader: MessageReader, headers: Header[]): true {
  let name = "";
  let value = "";
  reader.message((field) => {
    if (field === MAP_ENTRY.key) name = reader.text();
    else if (field === MAP_ENTRY.value) value = reader.text();
    else return false;
    return true;
  });
  return keep(headers, [name, value]);
}

function readHeaderValue(reader: MessageReader, headers: Header[]): true {
  let name = "";
  let value = "";
  reader.message((field) => {
    if (field === HEADER_VALUE.key) name = reader.text();
    else if (field === HEADER_VALUE.value || field === HEADER_VALUE.rawValue) value = reader.text();
    else return false;
    return true;
  });
  return keep(headers, [name, value]);
}

/** Pseudo-header fields say again what the message's own fields say. One field too many is enough to know. */
function keep(headers: Header[], header: Header): true {
  if (!header[0].startsWith(":") && headers.length <= MAX_HEADER_FIELDS) headers.push(header);
  return true;
}

function createPeerReader(found: Found): ReadField {
  return (field, reader) => {
    if (field === PEER.principal) found.peerPrincipal = reader.text();
    else if (field === PEER.certificate) found.peerCertificate = reader.text();
    else return false;
    return true;
  };
}
