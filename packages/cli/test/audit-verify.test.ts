import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { loadConfiguration, startServer } from "@countersign/server";
import { runInProcess } from "./kit/run-in-process.ts";
import { createTestFolder } from "./kit/test-tokens.ts";

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A sidecar starts and stops, and asks for its trail to be verified. */
async function withTrail(
  use: (trail: { config: string; active: string; folder: string }) => Promise<void>,
): Promise<void> {
  await using folder = await createTestFolder();
  const at = (name: string): string => `${folder.path}/${name}`;
  const config = await folder.write(
    "countersign.yaml",
    `
listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers:
  - issuer: https://idp.example.com/
    audiences: [https://api.example.com]
    keys: { secrets: [{ id: one, base64url: ${Buffer.alloc(32, 7).toString("base64url")} }] }
    algorithms: [HS256]
routes: [{ path: /**, allow: authenticated }]
audit:
  pseudonymKeyFile: ${at("pseudonyms.key")}
  file: { path: ${at("audit.jsonl")}, signingKeyFile: ${at("signing.pem")} }
`,
  );
  const server = await startServer(await loadConfiguration(config), { logger: SILENT });
  await server.close();
  await use({ config, active: at("audit.jsonl"), folder: at("") });
}

test("audit verify finds a trail whole, prints an anchor, and takes it the next time", async () => {
  await withTrail(async ({ config, active, folder }) => {
    const whole = await runInProcess(["audit", "verify", "--config", config]);
    assert.equal(whole.code, 0, whole.stdout + whole.stderr);
    const anchor = /anchor ([0-9]+:[\w-]{43})/.exec(whole.stdout)?.[1] ?? "";
    const pem = createPublicKey(createPrivateKey(await readFile(`${folder}signing.pem`, "utf8")));
    const key = `${folder}public.pem`;
    await writeFile(key, pem.export({ type: "spki", format: "pem" }));
    const again = await runInProcess(["audit", "verify", active, "--key", key, "--anchor", anchor, "--json"]);
    assert.equal(again.code, 0);
    assert.equal((JSON.parse(again.stdout) as { ok: boolean }).ok, true);
    const other = `${anchor.split(":")[0]}:${"A".repeat(43)}`;
    assert.equal((await runInProcess(["audit", "verify", "-c", config, "--anchor", other])).code, 1);
  });
});

test("audit verify exits 1 for a trail that was changed, and names the line", async () => {
  await withTrail(async ({ config, active }) => {
    const text = await readFile(active, "utf8");
    await writeFile(active, text.replace("configuration.applied", "configuration.refused"));
    const { code, stdout } = await runInProcess(["audit", "verify", "--config", config]);
    assert.equal(code, 1);
    assert.match(stdout, /audit\.jsonl:3 {2}changed/);
    const json = await runInProcess(["audit", "verify", "--config", config, "--json"]);
    const { ok, problems } = JSON.parse(json.stdout) as { ok: boolean; problems: { line: number }[] };
    assert.deepEqual([ok, problems[0]?.line], [false, 3]);
  });
});

test("audit verify exits 2 without a key, without files, and for a key that is none", async () => {
  await withTrail(async ({ config, active, folder }) => {
    const results = await Promise.all([
      runInProcess(["audit", "verify", active]),
      runInProcess(["audit", "verify", "--key", `${folder}signing.pem`]),
      runInProcess(["audit", "verify", active, "--key", config]),
      runInProcess(["audit", "verify", `${folder}nowhere`, "--key", `${folder}signing.pem`]),
      runInProcess(["audit", "verify", active, "--config", config, "--anchor", "1"]),
    ]);
    assert.deepEqual(
      results.map(({ code }) => code),
      [2, 2, 2, 2, 2],
    );
  });
});
