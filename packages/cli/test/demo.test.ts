import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startCli } from "./kit/long-running-cli.ts";
import { runCli } from "./kit/run-cli.ts";

interface Started {
  readonly type: string;
  readonly urls: { readonly proxy: string; readonly idp: string; readonly admin: string };
  readonly configurationFile: string;
  readonly headerFiles: { readonly expired: string };
}

async function isListening(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.arrayBuffer();
      return true;
    },
    () => false,
  );
}

test("demo --self-test does what the guide says and gets the promised answers", async () => {
  const { code, stdout, stderr } = await runCli(["demo", "--self-test", "--json"]);
  assert.equal(stderr, "");
  const { ok, results } = JSON.parse(stdout) as { ok: boolean; results: { ok: boolean; found: string }[] };
  assert.deepEqual(
    results.map(({ found }) => found),
    [
      "200 ok",
      "403 scope_insufficient",
      "401 token_expired",
      "401 audience_mismatch",
      "401 signature_invalid",
      "401 missing_token",
    ],
  );
  assert.equal(ok, true);
  assert.equal(code, 0);
});

test("demo runs until Ctrl-C, keeps its tokens to its user, and leaves nothing behind", async () => {
  await using cli = startCli(["demo", "--json"]);
  const started = JSON.parse(await cli.nextLine(() => true)) as Started;
  const { urls, headerFiles, configurationFile } = started;
  assert.equal(statSync(headerFiles.expired).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(headerFiles.expired)).mode & 0o777, 0o700);
  assert.match(readFileSync(configurationFile, "utf8"), /^issuers:$/m);
  const [name = "", value = ""] = readFileSync(headerFiles.expired, "utf8").trim().split(": ");
  const response = await fetch(`${urls.proxy}/orders?token=no`, { headers: { [name]: value } });
  await response.arrayBuffer();
  assert.equal(response.status, 401);
  const decision = JSON.parse(await cli.nextLine(() => true)) as Record<string, unknown>;
  assert.deepEqual(
    [decision["type"], decision["path"], decision["reason"]],
    ["decision", "/orders", "token_expired"],
  );
  cli.signal("SIGINT");
  // As npm does: the same key press arrives a second time.
  cli.signal("SIGINT");
  assert.equal((await cli.closed).code, 0);
  assert.equal(existsSync(dirname(configurationFile)), false);
  for (const url of [urls.proxy, urls.idp, urls.admin]) assert.equal(await isListening(url), false);
});

test("demo prints the guide and then a line for each decision, also where its ports are taken", async () => {
  await using first = startCli(["demo", "--json"]);
  await first.nextLine(() => true);
  await using second = startCli(["demo"]);
  const notice = await second.nextLine((line) => line.includes("in use"));
  assert.match(notice, /^ {2}Ports .*9400.* were in use; free ones were taken instead\.$/);
  const command = await second.nextLine((line) => line.startsWith("  curl -i http://"));
  const url = command.split(" ").at(-1) ?? "";
  const response = await fetch(url);
  await response.arrayBuffer();
  const line = await second.nextLine((text) => text.includes("missing_token") && text.includes("/orders"));
  assert.match(line, /^ {2}\d\d:\d\d:\d\d GET {5}\/orders +401 missing_token +– +\d+ (µs|ms)$/);
  second.signal("SIGTERM");
  assert.equal((await second.closed).code, 0);
  first.signal("SIGTERM");
  assert.equal((await first.closed).code, 0);
});

test("the guide's commands give the answers that it promises, as they are printed", async (context) => {
  const run = promisify(execFile);
  try {
    await run("curl", ["--version"]);
  } catch {
    assert.notEqual(process.env["CI"], "true", "curl is missing");
    return context.skip("curl is not installed");
  }
  await using cli = startCli(["demo"]);
  const commands: string[] = [];
  const promised: string[] = [];
  await cli.nextLine((line) => {
    const answer = /^ {2}\d\. .* → (\d{3})/.exec(line)?.[1];
    if (answer !== undefined) promised.push(answer);
    else if (/^ {2,4}(TOKEN|-d|curl -i|-H)/.test(line)) commands.push(line);
    return line === "Look behind it";
  });
  assert.equal(promised.length, 6);
  const requests = await run("sh", ["-c", commands.join("\n")]);
  const statuses = [...requests.stdout.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
  assert.deepEqual(statuses, promised);
  const explain: string[] = [];
  await cli.nextLine((line) => {
    if (!line.includes("# ")) explain.push(line);
    return line.includes("-f ");
  });
  const explanation = await run("sh", ["-c", explain.join("\n")]).catch(
    (error: unknown) => error as { stdout: string },
  );
  assert.match(explanation.stdout, /✗ rejected {2}token_expired/);
});

test("demo stops and cleans up when nobody reads its output anymore", async () => {
  await using cli = startCli(["demo", "--json"]);
  const { urls, configurationFile } = JSON.parse(await cli.nextLine(() => true)) as Started;
  cli.closeOutput();
  await fetch(`${urls.proxy}/orders`).then((response) => response.arrayBuffer());
  assert.equal((await cli.closed).code, 0);
  assert.equal(existsSync(dirname(configurationFile)), false);
});
