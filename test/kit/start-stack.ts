/** Identity provider, upstream and sidecar, as the main job runs them, on free ports. */

import { type DevIdp, startDevIdp } from "@countersign/dev-idp";
import {
  type DecisionEvent,
  type OperationalLog,
  parseConfiguration,
  type RunningServer,
  startServer,
} from "@countersign/server";
import { type EchoServer, startEcho } from "./start-echo.ts";

export interface StackOptions {
  /** Where the issuer is. Default a provider that is started with the stack. */
  readonly issuer?: string;
  /** One more issuer, at an address where nobody answers. Default none. */
  readonly silentIssuer?: string;
  /** `binding` of the issuer, as YAML in one line. Default as where it is left out. */
  readonly binding?: string;
}

export interface Stack {
  readonly idp: DevIdp | undefined;
  readonly echo: EchoServer;
  readonly sidecar: RunningServer;
  /** Origin of the built-in proxy. */
  readonly proxyUrl: string;
  readonly adminUrl: string;
  /** "host:port" of the decision listener. */
  readonly decisionAddress: string;
  /** "host:port" of the ext_authz listener. */
  readonly extAuthzAddress: string;
  /** What the sidecar decided last, once; it is told before the answer arrives. */
  takeDecision(): DecisionEvent | undefined;
  close(): Promise<void>;
}

const AUDIENCE = "https://api.countersign.test";

const SILENT: OperationalLog = { info() {}, warn() {}, error() {} };

interface Addresses {
  readonly issuer: string;
  readonly silentIssuer: string | undefined;
  readonly binding: string;
  readonly upstream: string;
}

/** Keys are asked for every second at most, so that a test sees a rotation in seconds and not in minutes. */
function describeConfiguration({ issuer, silentIssuer, binding, upstream }: Addresses): string {
  const silent =
    silentIssuer === undefined
      ? ""
      : `
  - issuer: ${silentIssuer}
    name: silent
    audiences: [${AUDIENCE}]
    algorithms: [ES256, RS256]
    profile: rfc9068
    keys: { jwksUri: "${silentIssuer}/jwks", insecureLoopbackHttp: true }`;
  return `
listeners: { decision: "127.0.0.1:0", extAuthz: "127.0.0.1:0", proxy: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers:
  - issuer: ${issuer}
    name: dev
    audiences: [${AUDIENCE}]
    algorithms: [ES256, RS256]
    profile: rfc9068
    clockToleranceSeconds: 5
    binding: ${binding}
    keys:
      discovery: true
      insecureLoopbackHttp: true
      cooldownSeconds: 1
      minRefreshSeconds: 1
      maxRefreshSeconds: 1
      removalGraceSeconds: 0${silent}
routes:
  - { path: /public/**, allow: anonymous }
  - { path: /welcome, allow: optional }
  - { path: /vault, methods: [GET], allow: authenticated, require: { acr: ["urn:test:gold"] } }
  - { path: /browser/**, methods: [GET, POST], allow: authenticated, preflight: allow }
  - { path: /orders/**, methods: [GET], allow: authenticated, scopes: ["orders:read"] }
  - { path: /orders/**, methods: [POST], allow: authenticated, scopes: ["orders:write"] }
upstream: ${upstream}
shutdown: { drainTimeoutMs: 1000 }
`;
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const echo = await startEcho();
  const idp =
    options.issuer === undefined ? await startDevIdp({ jwksMaxAgeSeconds: 1, log: () => {} }) : undefined;
  const text = describeConfiguration({
    issuer: options.issuer ?? idp?.issuer ?? "",
    silentIssuer: options.silentIssuer,
    binding: options.binding ?? "required",
    upstream: echo.url,
  });
  let lastDecision: DecisionEvent | undefined;
  const sidecar = await startServer(parseConfiguration(text, { env: {}, baseDir: "." }), {
    logger: SILENT,
    onDecision: (event) => {
      lastDecision = event;
    },
  });
  const { decision = "", extAuthz = "", proxy = "", admin } = sidecar.addresses;
  return {
    idp,
    echo,
    sidecar,
    proxyUrl: `http://${proxy}`,
    adminUrl: `http://${admin}`,
    decisionAddress: decision,
    extAuthzAddress: extAuthz,
    takeDecision() {
      const taken = lastDecision;
      lastDecision = undefined;
      return taken;
    },
    async close() {
      await sidecar.close();
      await echo.close();
      await idp?.close();
    },
  };
}
