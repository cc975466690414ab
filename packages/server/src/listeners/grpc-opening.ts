/** The header section that opens a gRPC call: whether it is one, of which method, and how long it may take. */

import type { IncomingHttpHeaders } from "node:http2";

import { GRPC_STATUS, type GrpcFailure } from "./grpc-status.ts";

export type GrpcOpening =
  | {
      readonly kind: "call";
      /** "/package.Service/Method". */
      readonly path: string;
      /** Of `grpc-timeout`, in milliseconds, rounded up; undefined where the client waits for ever. */
      readonly timeoutMs: number | undefined;
      /** The client may compress its message, in some way that is not spoken here. */
      readonly mayCompress: boolean;
    }
  /** Not gRPC at all: answered with an HTTP status. */
  | { readonly kind: "foreign"; readonly status: 405 | 415 }
  | { readonly kind: "refused"; readonly failure: GrpcFailure };

// The messages are protobuf; gRPC-Web has another content type and other frames.
const CONTENT_TYPE = /^application\/grpc(?:\+proto)?[ \t]*(?:;|$)/i;
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

const BAD_TIMEOUT: GrpcFailure = {
  code: GRPC_STATUS.internal,
  details: "Expected grpc-timeout to be at most 8 digits and a unit",
};

export function readOpening(headers: IncomingHttpHeaders): GrpcOpening {
  if (headers[":method"] !== "POST") return { kind: "foreign", status: 405 };
  if (!CONTENT_TYPE.test(headers["content-type"] ?? "")) return { kind: "foreign", status: 415 };
  const timeout = headers["grpc-timeout"];
  const timeoutMs = timeout === undefined ? undefined : parseTimeout(String(timeout));
  if (timeout !== undefined && timeoutMs === undefined) return { kind: "refused", failure: BAD_TIMEOUT };
  const encoding = headers["grpc-encoding"] ?? "identity";
  return { kind: "call", path: headers[":path"] ?? "", timeoutMs, mayCompress: encoding !== "identity" };
}

function parseTimeout(text: string): number | undefined {
  const [, digits, unit = ""] = TIMEOUT.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Math.ceil(Number(digits) * unitMs);
}
