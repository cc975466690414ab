import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { parseConfiguration, type RunningServer, startServer } from "@countersign/server";
import { createTestIssuer, type TestIssuer } from "countersign/testing";
import type { CliResult } from "./kit/run-cli.ts";
import { runInProcess } from "./kit/run-in-process.ts";

describe("countersign revoke", () => {
  let folder: string;
  let issuer: TestIssuer;
  let server: RunningServer;
  let where: readonly string[];

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-revoke-"));
    issuer = await createTestIssuer();
    const tokenFile = path.join(folder, "api.token");
    const text = `
listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers: ${JSON.stringify([{ ...issuer.validatorOptions(), name: "main" }])}
revocation: { store: { sqlite: "${path.join(folder, "revocations.db")}" }, instance: one }
api: { tokenFile: "${tokenFile}" }
routes: [{ path: "/**", allow: authenticated }]
`;
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
    server = await startServer(parseConfiguration(text, { env: {}, baseDir: "/" }), { logger: silent });
    where = ["--admin", server.addresses.admin, "--api-token-file", tokenFile];
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const run = (args: readonly string[], input = ""): Promise<CliResult> =>
    runInProcess(["revoke", ...args, ...where], { input });

  it("revokes a token of standard input, and ends once every instance has applied it", async () => {
    const token = await issuer.sign({ sub: "alice", jti: "t1" });
    const { code, stdout, stderr } = await run(["token", "--reason", "stolen", "--wait", "--json"], token);
    assert.deepEqual([code, stderr], [0, ""]);
    const line = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(line["outcome"], "added");
    assert.deepEqual([line["acknowledged"], line["missing"]], [["one"], []]);
    const verdict = await server.validator.validate(token);
    assert.equal(verdict.ok ? "ok" : verdict.reason, "token_revoked");
  });

  it("warns where the token is an argument, and never shows it", async () => {
    const token = await issuer.sign({ sub: "alice", jti: "t2" });
    const { code, stdout, stderr } = await run(["token", token, "--reason", "stolen"]);
    assert.equal(code, 0);
    assert.match(stderr, /arguments end up in the shell history/);
    assert.ok(!`${stdout}${stderr}`.includes(token.slice(0, 20)));
  });

  it("revokes users, sessions, clients, keys and issuers by their alias, lists and lifts them", async () => {
    for (const kind of ["subject", "session", "client", "key"]) {
      const { code, stderr } = await run([
        kind,
        "x",
        "--issuer",
        "main",
        "--reason",
        "why",
        "--id",
        `i-${kind}`,
      ]);
      assert.deepEqual([code, stderr], [0, ""], kind);
    }
    assert.equal((await run(["issuer", "main", "--reason", "all", "--id", "i-all"])).code, 0);
    const listed = await run(["list", "--issuer", "main", "--kind", "issuer", "--json"]);
    const entry = JSON.parse(listed.stdout) as {
      readonly revocation: { readonly target: { readonly issuer: string } };
    };
    assert.equal(entry.revocation.target.issuer, issuer.issuer);
    assert.equal((await run(["lift", "i-all", "--reason", "mistake", "--wait"])).code, 0);
    const text = (await run(["list"])).stdout;
    assert.match(text, /i-all +lifted/);
    assert.match(text, /i-key +revoked +key x/);
  });

  it("exports what is in force, and takes it again without doing it twice", async () => {
    const exported = await run(["export"]);
    assert.ok(exported.stdout.includes('"id":"i-key"') && !exported.stdout.includes('"id":"i-all"'));
    const file = path.join(folder, "revocations.jsonl");
    await writeFile(file, exported.stdout);
    const imported = await run(["import", file, "--wait", "--json"]);
    assert.equal(imported.code, 0, imported.stderr);
    assert.equal((JSON.parse(imported.stdout) as { readonly added: number }).added, 0);
    const bad = await run(["import", "-"], '{"id":"x"}\n');
    assert.equal(bad.code, 2);
  });

  it("exits 1 where there is nothing to lift, 2 with a wrong token file, 3 where nobody answers", async () => {
    assert.equal((await run(["lift", "none", "--reason", "x"])).code, 1);
    const wrong = path.join(folder, "wrong.token");
    await writeFile(wrong, "not-the-token-of-this-sidecar-at-all\n");
    const admin = server.addresses.admin;
    const refused = await runInProcess(["revoke", "list", "--admin", admin, "--api-token-file", wrong]);
    assert.equal(refused.code, 2);
    const nobody = await runInProcess([
      "revoke",
      "list",
      "--admin",
      "127.0.0.1:1",
      "--api-token-file",
      wrong,
    ]);
    assert.equal(nobody.code, 3);
  });
});
