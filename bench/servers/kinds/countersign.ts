/** The sidecar, started as users start it: `countersign serve --config FILE`. */

import path from "node:path";
import { fileURLToPath } from "node:url";
import { findFreePort } from "../../../test/kit/free-port.ts";
import { INHERITED_OPTIONS } from "../../inherited-options.ts";
import { AUDIENCE, ISSUER } from "../../tokens/key-material.ts";
import { requireBun } from "../find-bun.ts";
import type { RunningServer, ServerKind, ServerSite } from "../server.ts";
import { startOnFreePort } from "../start-on-free-port.ts";

export interface SidecarOptions {
  readonly door: "decision" | "proxy" | "extAuthz";
  /** Default node. */
  readonly program?: "node" | "bun";
  /** Processes that judge. Default 1. */
  readonly workers?: number;
  /** Fetches the keys, again every second, instead of being given them. */
  readonly fetchesKeys?: boolean;
  /** Writes an audit file: refusals within their bounds, or acceptances too. Default none. */
  readonly audits?: "refusals" | "all";
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** In the folder of its site. */
export const SIDECAR_FILE = "countersign.yaml";
const MAIN = path.join(ROOT, "packages/cli/src/main.ts");

export function createSidecar(options: SidecarOptions): ServerKind {
  return {
    subject: options.audits === undefined ? "countersign" : `countersign (audit of ${options.audits})`,
    needs: options.program ?? "node",
    start: (site) => startSidecar(site, options),
  };
}

/** Starts the sidecar and a gateway that asks it, as one server: what both cost counts. */
export async function startBehind(
  site: ServerSite,
  options: SidecarOptions,
  startGateway: (sidecar: string) => Promise<RunningServer>,
): Promise<RunningServer> {
  const sidecar = await startSidecar(site, options);
  try {
    const gateway = await startGateway(sidecar.address);
    return {
      ...gateway,
      runtime: `${gateway.runtime} and ${sidecar.runtime}`,
      processIds: [...gateway.processIds, ...sidecar.processIds],
      close: async () => {
        await gateway.close();
        await sidecar.close();
      },
    };
  } catch (error) {
    await sidecar.close();
    throw error;
  }
}

async function startSidecar(site: ServerSite, options: SidecarOptions): Promise<RunningServer> {
  const command = describeCommand(options.program ?? "node");
  const admin = await findFreePort();
  return startOnFreePort(site, (port) => ({
    command: [...command.parts, MAIN, "serve", "--config", `${site.folder}/${SIDECAR_FILE}`],
    runtime: command.runtime,
    files: { [SIDECAR_FILE]: describe(site, options, { port, admin }) },
    env: { NODE_ENV: "production" },
  }));
}

function describeCommand(program: "node" | "bun"): {
  readonly parts: readonly string[];
  readonly runtime: string;
} {
  if (program === "node")
    return { parts: [process.execPath, ...INHERITED_OPTIONS], runtime: `node ${process.versions.node}` };
  const bun = requireBun();
  return { parts: [bun.program, ...INHERITED_OPTIONS.filter(isCondition)], runtime: bun.runtime };
}

/** Where sources are found. */
function isCondition(option: string): boolean {
  return option.startsWith("--conditions=");
}

interface Ports {
  readonly port: number;
  readonly admin: number;
}

function describe(site: ServerSite, options: SidecarOptions, ports: Ports): string {
  const { key, upstream } = site;
  const { door, workers } = options;
  const address = `"127.0.0.1:${ports.port}"`;
  const others = (["decision", "extAuthz", "proxy"] as const).filter((name) => name !== door);
  return `listeners: { ${door}: ${address}, ${others.map((name) => `${name}: off`).join(", ")}, admin: "127.0.0.1:${ports.admin}" }
${workers === undefined ? "" : `workers: ${workers}\n`}issuers:
  - issuer: ${ISSUER}
    audiences: [${AUDIENCE}]
    algorithms: [${key.algorithm}]
    keys: ${describeKeys(site, options)}
${door === "proxy" ? `upstream: http://${upstream}` : ""}
${describeAudit(site, options)}# The load is meant to saturate; what is measured is the judging, not the shedding.
overload: { maxEventLoopDelayMs: 10000 }
routes:
  - { path: /orders/**, allow: authenticated }
  - { path: /public/**, allow: anonymous }
`;
}

function describeAudit({ folder }: ServerSite, { audits }: SidecarOptions): string {
  if (audits === undefined) return "";
  const at = (name: string): string => path.join(folder, name);
  const keys = `signingKeyFile: ${at("signing.pem")} }, pseudonymKeyFile: ${at("pseudonyms.key")}`;
  const acceptances = audits === "all" ? "all" : "off";
  return `audit: { acceptances: ${acceptances}, file: { path: ${at("audit.jsonl")}, ${keys} }\n`;
}

function describeKeys({ key, keys }: ServerSite, { fetchesKeys }: SidecarOptions): string {
  if (fetchesKeys !== true) return JSON.stringify({ jwks: { keys: [key.jwk] } });
  const every = { cooldownSeconds: 1, minRefreshSeconds: 1, maxRefreshSeconds: 1 };
  return JSON.stringify({ jwksUri: keys.url, insecureLoopbackHttp: true, ...every });
}
