/**
 * What gateways do around the sidecar's endpoints, by their protocols: the question that each asks for a client's
 * request, and what each then hands to the application. They protect as little as any version of the gateway does,
 * so that what holds here does not hang on the gateway.
 */

import { exchangeOctets, type RawAnswer, writeRequest } from "./exchange-octets.ts";
import type { Front, UpstreamRequest } from "./front.ts";
import type { ClientRequest } from "./scene.ts";

type Headers = ClientRequest["headers"];

/** One gateway. */
export interface DecisionModel {
  readonly name: string;
  ask(request: ClientRequest): ClientRequest;
  /** Statuses that let the request in. */
  allows(status: number): boolean;
  /** The client's headers as the application gets them. */
  change(headers: Headers, answer: Headers): Headers;
}

const IDENTITY = ["subject", "issuer", "client", "scopes", "roles"].map((suffix) => `x-auth-${suffix}`);
const DESCRIPTIONS = ["method", "proto", "host", "uri"];
const OWN_HOST = "127.0.0.1";

function without(headers: Headers, names: readonly string[]): Headers {
  return headers.filter(([name]) => !names.includes(name.toLowerCase()));
}

/** Every listed header is replaced by the answer's, or removed where that is empty. */
function overwrite(headers: Headers, answer: Headers): Headers {
  const given = answer.filter(([name, value]) => IDENTITY.includes(name) && value !== "");
  return [...without(headers, [...IDENTITY, "authorization"]), ...given];
}

function describe(prefix: string, { method, host, target }: ClientRequest): Headers {
  return [
    [`${prefix}-Method`, method],
    [`${prefix}-Proto`, "http"],
    [`${prefix}-Host`, host],
    [`${prefix}-Uri`, target],
  ];
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

function createForwardAuthModel(
  name: string,
  {
    path,
    appendsQuery,
    keepsConnection,
  }: Readonly<{ path: string; appendsQuery: boolean; keepsConnection: boolean }>,
): DecisionModel {
  return {
    name,
    ask(request) {
      const query = appendsQuery ? request.target.slice(request.target.split("?", 1)[0]?.length) : "";
      const described = DESCRIPTIONS.map((part) => `x-forwarded-${part}`);
      const headers = without(request.headers, keepsConnection ? described : [...described, "connection"]);
      const target = query.includes("#") ? path : path + query;
      return {
        method: "GET",
        target,
        host: OWN_HOST,
        headers: [...describe("X-Forwarded", request), ...headers],
      };
    },
    allows: isSuccess,
    change: overwrite,
  };
}

/** By the name of the sidecar's dialect. */
export const DECISION_MODELS: readonly DecisionModel[] = [
  {
    name: "nginx",
    ask(request) {
      // What the handed-out configuration blanks is not blanked here.
      const kept = without(request.headers, [
        "connection",
        ...DESCRIPTIONS.map((part) => `x-original-${part}`),
      ]);
      const headers = [...describe("X-Original", request), ...kept];
      return { method: "GET", target: "/authz/nginx", host: OWN_HOST, headers };
    },
    // All others become 500.
    allows: isSuccess,
    change: overwrite,
  },
  createForwardAuthModel("traefik", { path: "/authz/traefik", appendsQuery: false, keepsConnection: false }),
  createForwardAuthModel("caddy", { path: "/authz/caddy", appendsQuery: true, keepsConnection: false }),
  createForwardAuthModel("generic", { path: "/authz", appendsQuery: false, keepsConnection: true }),
  {
    name: "envoy-http",
    ask({ method, target, host, headers }) {
      const kept = without(headers, ["connection", "x-forwarded-proto"]);
      const described = [["X-Forwarded-Proto", "http"] as const, ...kept];
      return { method, target: `/authz/envoy${target}`, host, headers: described };
    },
    allows: (status) => status === 200,
    change(headers, answer) {
      const given = answer.filter(([name]) => name.startsWith("x-auth-"));
      const removed = answer.filter(([name]) => name === "x-envoy-auth-headers-to-remove");
      const names = removed.flatMap(([, value]) => value.split(",")).map((name) => name.trim().toLowerCase());
      const replaced = [
        ...without(
          headers,
          given.map(([name]) => name),
        ),
        ...given,
      ];
      // Envoy removes after it has set.
      return without(replaced, names);
    },
  },
];

/** Asks the sidecar's decision listener, as "host:port", the way that this gateway does. */
export function createDecisionFront(model: DecisionModel, decision: string): Front {
  const { hostname, port } = new URL(`http://${decision}`);
  return {
    async send(request) {
      const question = { ...model.ask(request), headers: [...model.ask(request).headers] };
      const answer = await exchangeOctets({ host: hostname, port: Number(port) }, writeRequest(question));
      const reached = model.allows(answer.status) ? [forward(model, { request, answer })] : [];
      return { status: answer.status, text: answer.text, reached };
    },
  };
}

function forward(
  model: DecisionModel,
  { request, answer }: { readonly request: ClientRequest; readonly answer: RawAnswer },
): UpstreamRequest {
  const { method, target, host } = request;
  const changed = model.change(request.headers, answer.headers);
  // What the client's Connection names is taken away last, as the worst of them do.
  const named = request.headers
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.split(",").map((name) => name.trim().toLowerCase()));
  const headers = model.ask(request).headers.some(([name]) => name.toLowerCase() === "connection")
    ? without(changed, named)
    : changed;
  return { method, target, headers: [["Host", host], ...headers] };
}
