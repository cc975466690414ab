import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "./kit/run-cli.ts";
import { runInProcess } from "./kit/run-in-process.ts";
import { AT, createTestFolder, signText, signToken } from "./kit/test-tokens.ts";

const GOLDEN = `Nothing below is verified: anyone can write such a token.

Header
  alg  Ed25519
  kid  key-2026-01
  typ  at+jwt

Payload
  iss        https://idp.example.com/
  aud        https://api.example.com
  sub        user-1
  client_id  orders-app
  scope      orders:read orders:write
  iat        1768478340  2026-01-15 11:59:00 UTC, 60 s ago
  exp        1768478220  2026-01-15 11:57:00 UTC, 3 min ago

392 bytes, signature of 64 bytes
! expired 3 min ago
`;

test("inspect shows header, payload and times, and says first that nothing is verified", async () => {
  const result = await runCli(["inspect", ...AT], { input: signToken({ exp: 1_768_478_220 }) });
  assert.deepEqual(result, { code: 0, stdout: GOLDEN, stderr: "" });
});

test("inspect reads a file that holds a whole header line", async () => {
  await using folder = await createTestFolder();
  const file = await folder.write("token", `Authorization: Bearer ${signToken()}\n`);
  const { code, stdout } = await runCli(["inspect", "--json", ...AT, "-f", file]);
  assert.equal(code, 0);
  const document = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(document["verified"], false);
  assert.equal(document["form"], "jws");
  assert.equal((document["payload"] as Record<string, unknown>)["sub"], "user-1");
  assert.equal((document["times"] as Record<string, unknown>)["exp"], "2026-01-15 12:04:00 UTC");
  assert.deepEqual(document["notes"], []);
});

test("inspect takes a token as an argument and warns of it", async () => {
  const { code, stderr } = await runCli(["inspect", signToken()]);
  assert.equal(code, 0);
  assert.match(stderr, /^countersign: warning: arguments end up in the shell history/);
});

test("inspect shows what it can of a token whose form is wrong, says what is wrong, and exits 1", async () => {
  const token = signText('{"alg":"Ed25519","alg":"none"}', '{"sub":"user-1"}');
  const { code, stdout } = await runCli(["inspect", ...AT], { input: token });
  assert.equal(code, 1);
  assert.match(stdout, /^ {2}alg {2}none$/m);
  assert.match(stdout, /✗ not a well-formed access token: malformed_token: .*duplicate member/);
});

test("inspect never lets a token write to the terminal", async () => {
  const claims = { sub: "\u001b[2J\u009b31m\u202euser\u0007", "\u001b]0;name\u0007": 1, name: "a\nb" };
  const { stdout } = await runCli(["inspect", ...AT], { input: signToken(claims) });
  assert.doesNotMatch(stdout.replaceAll("\n", ""), /\p{C}/u);
  assert.match(stdout, /\\u\{202e\}user/);
});

test("inspect says what it was given where that is no token at all", async () => {
  const { code, stdout } = await runCli(["inspect"], { input: "not a token" });
  assert.equal(code, 1);
  assert.match(stdout, /cannot be decoded/);
});

test("inspect without a token exits 2 and says where tokens come from", async () => {
  const { code, stdout, stderr } = await runCli(["inspect"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^countersign: no token given\n\s+name a file with --token-file/);
});

test("inspect refuses a file that is not there, a folder, and input without end", async () => {
  await using folder = await createTestFolder();
  const [missing, directory, endless] = await Promise.all([
    runInProcess(["inspect", "-f", `${folder.path}/missing`]),
    runInProcess(["inspect", "-f", folder.path]),
    runInProcess(["inspect"], { input: "a".repeat(1_048_577) }),
  ]);
  assert.deepEqual([missing.code, directory.code, endless.code], [2, 2, 2]);
  assert.match(missing.stderr, /there is no such file/);
  assert.match(directory.stderr, /it is a directory/);
  assert.match(endless.stderr, /standard input holds more than 1048576 bytes/);
});
