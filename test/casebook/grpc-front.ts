/** What Envoy does around the sidecar's gRPC endpoint: its question, and what it then hands to the application. */

import type { Front, UpstreamRequest } from "../../conformance/casebook/front.ts";
import type { ClientRequest } from "../../conformance/casebook/scene.ts";
import { CHECK, type GrpcCaller } from "../../packages/server/test/kit/grpc-client.ts";
import {
  decodeWire,
  encodeCheck,
  listMessages,
  numberOf,
  textOf,
  type WireMessage,
} from "../../packages/server/test/kit/protobuf.ts";

type Headers = ClientRequest["headers"];

/** `mapped`: repeated headers joined, as all Envoys send them. `raw`: as with `encode_raw_headers`. */
export type HeaderForm = "mapped" | "raw";

const APPEND_IF_EXISTS = 0;

/** Asks the sidecar's gRPC listener as Envoy does. */
export function createGrpcFront(caller: GrpcCaller, form: HeaderForm): Front {
  return {
    async send(request) {
      const headers = form === "mapped" ? joinRepeated(request.headers) : lowerNames(request.headers);
      const { method, target: path, host } = request;
      const sent = form === "mapped" ? { headers } : { rawHeaders: headers };
      const answer = await caller.call(CHECK, encodeCheck({ method, path, host, scheme: "http", ...sent }));
      const message = decodeWire(answer);
      const isAllowed = numberOf(listMessages(message, 1)[0], 1) === 0;
      const status = isAllowed ? 200 : numberOf(listMessages(message, 2, 1)[0], 1);
      const reached = isAllowed ? [forward(request, message)] : [];
      return { status, text: answer.toString("latin1"), reached };
    },
  };
}

function lowerNames(headers: Headers): Headers {
  return headers.map(([name, value]) => [name.toLowerCase(), value] as const);
}

/** Octets that are no UTF-8 became "!" since CVE-2023-27488. */
function joinRepeated(headers: Headers): Headers {
  const joined = new Map<string, string>();
  for (const [name, value] of lowerNames(headers)) {
    const before = joined.get(name);
    const text = value.replace(/[\u0080-\u00ff]/g, "!");
    joined.set(name, before === undefined ? text : `${before},${text}`);
  }
  return [...joined];
}

function forward({ method, target, host, headers }: ClientRequest, answer: WireMessage): UpstreamRequest {
  let changed = lowerNames(headers);
  for (const option of listMessages(answer, 3, 2)) {
    const [header] = listMessages(option, 1);
    const pair = [textOf(header, 1) ?? "", textOf(header, 2) ?? ""] as const;
    // Newer versions append unless they are told otherwise in the one way or the other.
    const appends = option.get(2) === undefined && numberOf(option, 3) === APPEND_IF_EXISTS;
    changed = appends ? [...changed, pair] : [...changed.filter(([name]) => name !== pair[0]), pair];
  }
  const [ok] = listMessages(answer, 3);
  const removed = (ok?.get(5) ?? []).map((name) => Buffer.from(name as Uint8Array).toString("utf8"));
  return {
    method,
    target,
    headers: [["host", host], ...changed.filter(([name]) => !removed.includes(name))],
  };
}
