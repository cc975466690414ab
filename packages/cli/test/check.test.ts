import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "./kit/run-cli.ts";
import { runInProcess } from "./kit/run-in-process.ts";
import { createTestFolder } from "./kit/test-tokens.ts";

const GOOD = `
issuers:
  - issuer: https://idp.example.com/
    audiences: [https://api.example.com]
    keys: { discovery: true }
routes:
  - { path: /orders/**, allow: authenticated, scopes: [orders:read] }
  - { path: /health, allow: anonymous }
`;

async function check(
  text: string,
  ...flags: readonly string[]
): Promise<{ code: number | null; stdout: string }> {
  await using folder = await createTestFolder();
  const { code, stdout, stderr } = await runInProcess([
    "check",
    "--config",
    await folder.write("countersign.yaml", text),
    ...flags,
  ]);
  assert.equal(stderr, "");
  return { code, stdout };
}

test("check passes a good file and shows its routes with the refusal at the end", async () => {
  const { code, stdout } = await check(GOOD);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^ {2}routes\[0\] +every method +every host +\/orders\/\*\* +token with orders:read$/m,
  );
  assert.match(stdout, /^ +everything else +refused$/m);
  assert.match(stdout, /countersign\.yaml can be used\n$/);
});

test("check lists opt-outs, which fail it with --strict only", async () => {
  const text = GOOD.replace("audiences:", "maxLifetimeSeconds: unchecked\n    audiences:");
  const [relaxed, strict] = await Promise.all([check(text), check(text, "--strict")]);
  assert.deepEqual([relaxed.code, strict.code], [0, 1]);
  assert.match(relaxed.stdout, /^! issuers\[0\]\.maxLifetimeSeconds {2}opt-out$/m);
});

test("check fails a file that asks for no audience, unless the file says why", async () => {
  const text = GOOD.replace("[https://api.example.com]", "unchecked");
  const exception =
    'exceptions: [{ path: "issuers[0].audiences", reason: "The issuer serves this API alone" }]\n';
  const [refused, accepted] = await Promise.all([check(text), check(`${text}${exception}`, "--strict")]);
  assert.deepEqual([refused.code, accepted.code], [1, 0]);
  assert.match(refused.stdout, /^✗ issuers\[0\]\.audiences {2}bypass$/m);
  assert.match(accepted.stdout, /^✓ issuers\[0\]\.audiences {2}bypass, accepted$/m);
  assert.match(accepted.stdout, /because: The issuer serves this API alone$/m);
});

test("check fails a file with a route that can never match", async () => {
  const { code, stdout } = await check(
    `${GOOD}  - { path: /health, methods: [GET], allow: authenticated }\n`,
  );
  assert.equal(code, 1);
  assert.match(stdout, /^✗ routes\[2\] {2}route$/m);
  assert.match(stdout, /never matches$/m);
});

test("check names every problem of a file that cannot be used, and exits 2", async () => {
  const text = GOOD.replace("audiences", "audience").replace("allow: anonymous", "allow: everybody");
  const [people, machines] = await Promise.all([check(text), check(text, "--json")]);
  assert.deepEqual([people.code, machines.code], [2, 2]);
  const report = JSON.parse(machines.stdout) as {
    ok: boolean;
    problems: { path: string; problem: string; remedy: string }[];
  };
  assert.equal(report.ok, false);
  for (const path of ["issuers[0].audience", "routes[1].allow"]) {
    assert.ok(
      report.problems.some((problem) => problem.path === path && problem.remedy !== ""),
      path,
    );
    assert.ok(people.stdout.includes(`✗ ${path}\n`));
  }
});

test("check never prints a secret of the file", async () => {
  const secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I";
  const text = GOOD.replace("{ discovery: true }", `{ secrets: [{ id: one, base64url: ${secret} }] }`);
  for (const changed of [text, text.replace("path: /health", "path: health")]) {
    for (const flags of [[], ["--json"]])
      assert.equal((await check(changed, ...flags)).stdout.includes(secret), false);
  }
});

test("check exits 2 where there is no file, and where no file is named", async () => {
  const [missing, unnamed] = await Promise.all([runCli(["check", "-c", "/nowhere.yaml"]), runCli(["check"])]);
  assert.deepEqual([missing.code, unnamed.code], [2, 2]);
  assert.match(missing.stdout, /cannot be read/);
  assert.match(unnamed.stderr, /required option '-c, --config <file>' not specified/);
});
