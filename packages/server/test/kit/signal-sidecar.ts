/** A sidecar that takes signals, with a store in memory; and what it decides. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { ServerOptions } from "../../src/running-server.ts";
import { type Sidecar, startSidecar } from "./start-sidecar.ts";

export interface SignalSidecar {
  readonly sidecar: Sidecar;
  /** Of operators. */
  readonly token: string;
  /** The status that a front door is told for a token. */
  ask(token: string): Promise<number>;
  /** Shows a signal as its sender would. */
  send(
    target: string,
    init: { readonly body: string | URLSearchParams; readonly headers?: Record<string, string> },
  ): Promise<Response>;
  close(): Promise<void>;
}

export async function startSignalSidecar(
  setup: {
    readonly issuers: readonly object[];
    readonly signals?: object;
    /** Default "memory". */
    readonly store?: string | object;
    /** More YAML. */
    readonly rest?: readonly string[];
  },
  options: ServerOptions = {},
): Promise<SignalSidecar> {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-signals-"));
  const tokenFile = path.join(folder, "api.token");
  const parts = [
    `revocation: { store: ${JSON.stringify(setup.store ?? "memory")} }`,
    `api: { tokenFile: "${tokenFile}" }`,
    ...(setup.signals === undefined ? [] : [`signals: ${JSON.stringify(setup.signals)}`]),
    ...(setup.rest ?? []),
    'routes: [{ path: "/**", allow: authenticated }]',
  ];
  const sidecar = await startSidecar(
    {
      issuers: setup.issuers,
      rest: parts.join("\n"),
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    },
    options,
  );
  return {
    sidecar,
    token: (await readFile(tokenFile, "utf8")).trim(),
    ask: (token) => askDecision(sidecar.decision, token),
    send: (target, { body, headers = {} }) =>
      fetch(`http://${sidecar.addresses.admin}/api/v1${target}`, { method: "POST", body, headers }),
    async close() {
      await sidecar.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function askDecision(decision: string, token: string): Promise<number> {
  const response = await fetch(`http://${decision}/authz`, {
    headers: {
      authorization: `Bearer ${token}`,
      "x-forwarded-method": "GET",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "api.example.com",
      "x-forwarded-uri": "/orders",
    },
  });
  await response.arrayBuffer();
  return response.status;
}
