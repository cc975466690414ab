/** A sidecar with an audit file, and what stands in it. */

import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createTestIssuer, type TestIssuer } from "countersign/testing";

import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { listTrailFiles } from "../../src/audit/chain/chain-files.ts";
import { type ChainReport, verifyChain } from "../../src/audit/chain/verify-chain.ts";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { startServer } from "../../src/serve.ts";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";
import { createFolder, type TestFolder } from "./kit.ts";

export interface AuditedSidecar extends AsyncDisposable {
  readonly sidecar: Pick<Sidecar, "addresses" | "decision" | "reload" | "close" | "log">;
  readonly issuer: TestIssuer;
  readonly folder: TestFolder;
  /** YAML of the whole file with other lines beside `listeners`, `issuers` and `audit`. */
  write(rest: string): string;
  /** Events so far, without the records of the chain. */
  events(): Promise<readonly AuditEvent[]>;
  /** Ends it, and verifies its files. */
  finish(): Promise<ChainReport>;
}

export interface AuditedSetup {
  readonly rest?: string;
  /** Of `audit`, beside the files: flow mappings joined by commas. */
  readonly audit?: string;
  readonly issuer?: TestIssuer;
  readonly workers?: number;
  /** Of the issuer's `keys`, where it serves them. */
  readonly keys?: object;
}

const ROUTES = "routes: [{ path: /**, allow: authenticated }]";

export async function startAudited(setup: AuditedSetup = {}): Promise<AuditedSidecar> {
  const { rest = ROUTES, audit = "", workers = 1 } = setup;
  const issuer = setup.issuer ?? (await createTestIssuer());
  const folder = await createFolder();
  const active = folder.file("audit.jsonl");
  const files = `file: { path: ${active}, signingKeyFile: ${folder.file("signing.pem")} }, pseudonymKeyFile: ${folder.file("pseudonyms.key")}`;
  const describe = (lines: string): string =>
    `audit: { ${files}${audit === "" ? "" : `, ${audit}`} }\nworkers: ${workers}\n${lines}`;
  const options = issuer.validatorOptions();
  const issuers = [{ ...options, keys: { ...options.keys, ...setup.keys } }];
  const listeners = 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"';
  const write = (lines: string): string =>
    `listeners: { ${listeners} }\nissuers: ${JSON.stringify(issuers)}\n${describe(lines)}\n`;
  const sidecar =
    workers === 1
      ? await startSidecar({ issuers, listeners, rest: describe(rest) })
      : await startMany(write(rest));
  const events = async (): Promise<readonly AuditEvent[]> => {
    const texts = await Promise.all((await listTrailFiles(active)).map((path) => readFile(path, "utf8")));
    return texts
      .flatMap((text) => text.split("\n"))
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as AuditEvent & { readonly publicKey?: string })
      .filter(({ v }) => v !== undefined);
  };
  return {
    sidecar,
    issuer,
    folder,
    write,
    events,
    async finish() {
      await sidecar.close();
      const key = createPrivateKey(await readFile(folder.file("signing.pem"), "utf8"));
      return verifyChain({ paths: await listTrailFiles(active), key, isLive: false });
    },
    async [Symbol.asyncDispose]() {
      await sidecar.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function startMany(text: string): Promise<AuditedSidecar["sidecar"]> {
  const log: { level: string; fields: object; message: string }[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void log.push({ level, fields, message });
  const logger = { info: at("info"), warn: at("warn"), error: at("error") };
  const server = await startServer(parseConfiguration(text, { env: {}, baseDir: "/" }), { logger });
  return { ...server, decision: server.addresses.decision ?? "", log };
}
