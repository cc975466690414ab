import { randomBytes } from "node:crypto";
import type { DevIdp } from "@countersign/dev-idp";
import { startDevIdp } from "@countersign/dev-idp";
import type { DecisionEvent } from "@countersign/server";
import { parseConfiguration, startServer } from "@countersign/server";
import { choosePort } from "./choose-port.ts";
import { writeDemoConfiguration } from "./demo-configuration.ts";
import type { DemoFiles } from "./demo-files.ts";
import { createDemoFiles } from "./demo-files.ts";
import { startUpstream } from "./start-upstream.ts";
import { tamperToken } from "./tamper-token.ts";

/** Ports that the demo prefers: those of the contract, and two beside them. */
export const DEMO_PORTS = { decision: 9400, proxy: 8080, admin: 9402, idp: 9410, upstream: 9411 } as const;

/** One of the five things that listen. */
export type DemoPortName = keyof typeof DEMO_PORTS;

/** Everything that runs, and what a guide must know of it. */
export interface Demo {
  readonly urls: Readonly<Record<DemoPortName, string>>;
  /** Preferred ports that were in use. */
  readonly replacedPorts: readonly number[];
  readonly folder: string;
  readonly configurationFile: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly tokenEndpoint: string;
  readonly audience: string;
  /** Files that hold an `Authorization` header line each, as `curl -H @file` reads it. */
  readonly headerFiles: Readonly<Record<"expired" | "audience" | "tampered", string>>;
  /** Stops everything and removes the files; idempotent, never rejects. */
  close(): Promise<void>;
}

// The guide and the decision lines say what there is to say; a failure to start is thrown.
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

const OTHER_AUDIENCE = "https://reports.countersign.test";

/** Starts the identity provider, the upstream and the sidecar. What was started is stopped where one fails. */
export async function startDemo(onDecision: (event: DecisionEvent) => void): Promise<Demo> {
  const cleanups: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= runCleanups(cleanups);
    return closing;
  };
  try {
    return await assemble({ cleanups, close, onDecision });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Assembly {
  readonly cleanups: (() => Promise<void>)[];
  readonly close: () => Promise<void>;
  readonly onDecision: (event: DecisionEvent) => void;
}

async function assemble({ cleanups, close, onDecision }: Assembly): Promise<Demo> {
  const { ports, replacedPorts } = await choosePorts();
  const client = { id: "demo", secret: randomBytes(12).toString("base64url") };
  const idp = await startDevIdp({
    port: ports.idp,
    clients: [{ clientId: client.id, clientSecret: client.secret }],
    log: () => undefined,
  });
  cleanups.push(() => idp.close());
  const upstream = await startUpstream(ports.upstream);
  cleanups.push(() => upstream.close());
  const files = await createDemoFiles();
  cleanups.push(async () => files.remove());
  const { issuer, audience, tokenEndpoint } = idp;
  const text = writeDemoConfiguration({ issuer, audience, upstreamUrl: upstream.url, ports });
  const configuration = parseConfiguration(text, { env: {}, baseDir: files.folder });
  const server = await startServer(configuration, { onDecision, logger: SILENT });
  cleanups.push(() => server.close());
  await server.validator.ready();
  return {
    urls: {
      idp: idp.url,
      upstream: upstream.url,
      decision: `http://127.0.0.1:${ports.decision}`,
      proxy: `http://127.0.0.1:${ports.proxy}`,
      admin: `http://127.0.0.1:${ports.admin}`,
    },
    replacedPorts,
    folder: files.folder,
    configurationFile: await files.write("countersign.yaml", text),
    client,
    tokenEndpoint,
    audience,
    headerFiles: await writeHeaderFiles(idp, files),
    close,
  };
}

async function choosePorts(): Promise<{
  readonly ports: Record<DemoPortName, number>;
  readonly replacedPorts: readonly number[];
}> {
  const ports: Record<DemoPortName, number> = { ...DEMO_PORTS };
  const replacedPorts: number[] = [];
  for (const name of Object.keys(DEMO_PORTS) as DemoPortName[]) {
    const { port, replaced } = await choosePort(DEMO_PORTS[name]);
    if (replaced) replacedPorts.push(DEMO_PORTS[name]);
    ports[name] = port;
  }
  return { ports, replacedPorts };
}

async function writeHeaderFiles(idp: DevIdp, files: DemoFiles): Promise<Demo["headerFiles"]> {
  const write = (name: string, token: string): Promise<string> =>
    files.write(name, `Authorization: Bearer ${token}\n`);
  return {
    expired: await write("expired", await idp.mintExpired(180)),
    audience: await write("audience", await idp.mintForAudience(OTHER_AUDIENCE)),
    tampered: await write("tampered", tamperToken(await idp.mint(), "administrator")),
  };
}

/** In reverse order, each whatever became of the others. */
async function runCleanups(cleanups: readonly (() => Promise<void>)[]): Promise<void> {
  for (const cleanup of [...cleanups].reverse()) await cleanup().catch(() => undefined);
}
