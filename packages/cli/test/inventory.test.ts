import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { parseConfiguration, type RunningServer, startServer } from "@countersign/server";
import { createTestIssuer } from "countersign/testing";
import type { CliResult } from "./kit/run-cli.ts";
import { runInProcess } from "./kit/run-in-process.ts";

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

const LONGEST_WAIT_MS = 60_000;

describe("countersign inventory", () => {
  it("exits 0 while instances agree, 1 once one differs, 3 where nobody answers", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-inventory-"));
    const issuer = await createTestIssuer();
    const tokenFile = path.join(folder, "api.token");
    const start = (instance: string, route: string): Promise<RunningServer> => {
      const text = `
listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers: ${JSON.stringify([{ ...issuer.validatorOptions(), name: "main" }])}
revocation: { store: { sqlite: "${path.join(folder, "r.db")}" }, instance: ${instance} }
api: { tokenFile: "${tokenFile}" }
routes: [{ path: "${route}", allow: authenticated }]
`;
      return startServer(parseConfiguration(text, { env: {}, baseDir: "/" }), { logger: SILENT });
    };
    const servers = [await start("one", "/**"), await start("two", "/**")];
    const admin = servers[0]?.addresses.admin ?? "";
    const run = (args: readonly string[], where = admin): Promise<CliResult> =>
      runInProcess(["inventory", "--admin", where, "--api-token-file", tokenFile, ...args]);
    const runUntil = async (isWanted: (result: CliResult) => boolean): Promise<CliResult> => {
      const deadline = performance.now() + LONGEST_WAIT_MS;
      while (performance.now() < deadline) {
        const result = await run([]);
        if (isWanted(result)) return result;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return assert.fail("not within the time");
    };
    try {
      const same = await runUntil(({ code, stdout }) => code === 0 && /✓ two/.test(stdout));
      assert.match(same.stdout, /All agree\.\n$/);
      servers.push(await start("zzz", "/other/**"));
      const other = await runUntil(({ stdout }) => stdout.includes("zzz: configuration:"));
      assert.equal(other.code, 1);
      const told = JSON.parse((await run(["--json"])).stdout) as { readonly agrees: boolean };
      assert.equal(told.agrees, false);
      assert.equal((await run([], "127.0.0.1:1")).code, 3);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
      await rm(folder, { recursive: true });
    }
  });
});
