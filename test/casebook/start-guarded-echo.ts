/** The sidecar, the application behind it, and the tokens: what the casebook is asked of here. */

import {
  type OperationalLog,
  parseConfiguration,
  type RunningServer,
  startServer,
} from "@countersign/server";
import type { Scene } from "../../conformance/casebook/scene.ts";
import { type EchoApplication, startEcho } from "../../conformance/casebook/start-echo.ts";
import { createTokenBook, type TokenBook } from "./token-book.ts";

export interface GuardedEcho extends TokenBook {
  readonly echo: EchoApplication;
  readonly sidecar: RunningServer;
  /** "host:port" of each listener. */
  readonly decision: string;
  readonly extAuthz: string;
  readonly proxy: string;
  readonly scene: Scene;
  /** Everything that the sidecar logged, as one text. */
  log(): string;
  close(): Promise<void>;
}

/** Starts all of it on free ports of 127.0.0.1. `settings` are lines for the sidecar's configuration. */
export async function startGuardedEcho(settings = ""): Promise<GuardedEcho> {
  const book = await createTokenBook();
  const echo = await startEcho();
  const lines: string[] = [];
  const write = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields, describeError)}`);
  };
  const logger: OperationalLog = { info: write, warn: write, error: write };
  const text = `${describeConfiguration(book, echo.url)}${settings}\n`;
  const sidecar = await startServer(parseConfiguration(text, { env: {}, baseDir: "." }), { logger }).catch(
    async (error: unknown) => {
      await echo.close();
      throw error;
    },
  );
  const { decision = "", extAuthz = "", proxy = "" } = sidecar.addresses;
  return {
    ...book,
    echo,
    sidecar,
    decision,
    extAuthz,
    proxy,
    scene: {
      host: "api.test",
      guardedHost: "guarded.test",
      open: "/public/index",
      guarded: "/orders/1",
      optional: "/greeting/1",
      identityHeaders: ["x-auth-subject", "x-auth-roles"],
      tokens: book.tokens,
    },
    log: () => lines.join("\n"),
    async close() {
      await sidecar.close();
      await echo.close();
    },
  };
}

function describeConfiguration({ issuer, second }: TokenBook, upstream: string): string {
  const issuers = [issuer.validatorOptions(), second.validatorOptions()];
  return `
listeners: { decision: "127.0.0.1:0", extAuthz: "127.0.0.1:0", proxy: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers: ${JSON.stringify(issuers)}
routes:
  - { hosts: [guarded.test], path: /public/**, allow: authenticated }
  - { path: /public/**, allow: anonymous }
  - { path: /orders/**, allow: authenticated, preflight: allow }
  - { path: /greeting/**, allow: optional }
upstream: ${upstream}
shutdown: { drainTimeoutMs: 1000 }
`;
}

function describeError(_key: string, value: unknown): unknown {
  return value instanceof Error ? `${value.stack ?? value.message} ${String(value.cause)}` : value;
}
