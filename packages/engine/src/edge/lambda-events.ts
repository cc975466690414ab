/** What AWS hands to a function, as far as it is read. Structural: no types of AWS are needed. */

import type { GuardedRequest } from "../middleware/create-request-guard.ts";

type Fields = Readonly<Record<string, string | undefined>>;

interface ClientCertificateField {
  readonly clientCertPem?: string | undefined;
}

/** A REST API's TOKEN authorizer is asked: of the request only one header is there. */
export interface TokenAuthorizerEvent {
  readonly type: "TOKEN";
  readonly methodArn: string;
  /** The value of the header that is the identity source. */
  readonly authorizationToken?: string | undefined;
}

/** A request in format 1.0: of REST APIs, and of HTTP APIs that are set to it. */
export interface RequestEventV1 {
  readonly version?: string | undefined;
  readonly httpMethod: string;
  readonly path: string;
  /** The route's own path, such as "/orders/{id}". */
  readonly resource?: string | undefined;
  /** Of a repeated field only the last value is here. */
  readonly headers?: Fields | null | undefined;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null | undefined;
  readonly requestContext: {
    /** With the stage, where clients write it. */
    readonly path?: string | undefined;
    readonly identity?: { readonly clientCert?: ClientCertificateField | null | undefined } | undefined;
  };
}

/** A request in format 2.0: of HTTP APIs and function URLs. Repeated fields arrive joined with commas. */
export interface RequestEventV2 {
  readonly version: string;
  readonly routeKey?: string | undefined;
  readonly rawPath: string;
  readonly headers?: Fields | undefined;
  readonly requestContext: {
    readonly http: { readonly method: string };
    readonly authentication?:
      | { readonly clientCert?: ClientCertificateField | null | undefined }
      | null
      | undefined;
  };
}

/** A REST API's REQUEST authorizer is asked, or an HTTP API's with format 1.0. */
export interface RequestAuthorizerEventV1 extends RequestEventV1 {
  readonly type: "REQUEST";
  readonly methodArn: string;
}

/** An HTTP API's authorizer with format 2.0 is asked. */
export interface RequestAuthorizerEventV2 extends RequestEventV2 {
  readonly type: "REQUEST";
  readonly routeArn: string;
}

export type AuthorizerEvent = TokenAuthorizerEvent | RequestAuthorizerEventV1 | RequestAuthorizerEventV2;

/** What a function behind API Gateway, or behind its own URL, is called with. */
export type ProxyEvent = RequestEventV1 | RequestEventV2;

const PEM = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

export function isRequestV2(event: RequestEventV1 | RequestEventV2): event is RequestEventV2 {
  return event.version === "2.0" && "rawPath" in event;
}

/** Repetitions stay visible wherever the event has them. */
export function describeProxyEvent(event: ProxyEvent): GuardedRequest {
  const certificate = readCertificate(
    isRequestV2(event) ? event.requestContext.authentication : event.requestContext.identity,
  );
  const headers = isRequestV2(event)
    ? listFields(event.headers)
    : event.multiValueHeaders
      ? listRepeated(event.multiValueHeaders)
      : listFields(event.headers);
  return {
    headers,
    method: isRequestV2(event) ? event.requestContext.http.method : event.httpMethod,
    url: isRequestV2(event) ? event.rawPath : (event.requestContext.path ?? event.path),
    ...(certificate !== undefined && { certificate: () => certificate }),
  };
}

function listFields(fields: Fields | null | undefined): readonly (readonly [string, string])[] {
  return Object.entries(fields ?? {}).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
}

function listRepeated(
  fields: Readonly<Record<string, readonly string[] | undefined>>,
): readonly (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, values = []]) =>
    values.map((value) => [name, value] as const),
  );
}

/** The one that API Gateway has checked in its own TLS handshake; what is no PEM is none. */
function readCertificate(
  place: { readonly clientCert?: ClientCertificateField | null | undefined } | null | undefined,
): Uint8Array | undefined {
  const encoded = PEM.exec(place?.clientCert?.clientCertPem ?? "")?.[1];
  if (encoded === undefined) return undefined;
  try {
    return Uint8Array.from(atob(encoded.replace(/\s/g, "")), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
