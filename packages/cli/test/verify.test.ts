import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "./kit/run-cli.ts";
import { runInProcess } from "./kit/run-in-process.ts";
import {
  AT,
  AUDIENCE,
  breakSignature,
  containsTokenBytes,
  createTestFolder,
  describeTestIssuer,
  ISSUER,
  signToken,
} from "./kit/test-tokens.ts";

const ACCEPTED = `✓ accepted
    issuer   idp.example.com (https://idp.example.com/)
    subject  user-1
    kind     user
    client   orders-app
    scopes   orders:read orders:write
    key      Ed25519, kid key-2026-01
    expires  2026-01-15 12:04:00 UTC, in 4 min
`;

test("verify accepts a good token, says who it speaks for, and exits 0", async () => {
  await using folder = await createTestFolder();
  const token = signToken();
  const result = await runCli(["verify", ...(await describeTestIssuer(folder))], { input: `${token}\n` });
  assert.deepEqual(result, { code: 0, stdout: ACCEPTED, stderr: "" });
});

test("verify refuses a bad token with its reason and its remedy, exits 1, and repeats nothing of the token", async () => {
  await using folder = await createTestFolder();
  const token = breakSignature(signToken());
  const flags = await describeTestIssuer(folder);
  for (const json of [[], ["--json"]]) {
    const { code, stdout, stderr } = await runCli(["verify", ...flags, ...json], { input: token });
    assert.equal(code, 1);
    assert.match(stdout, /signature_invalid/);
    assert.equal(containsTokenBytes(stdout + stderr, token), false);
  }
});

test("verify takes a token as an argument and warns without repeating it", async () => {
  await using folder = await createTestFolder();
  const token = signToken({ exp: 1_000_000_000 });
  const { code, stdout, stderr } = await runCli(["verify", ...(await describeTestIssuer(folder)), token]);
  assert.equal(code, 1);
  assert.match(stderr, /warning/);
  assert.equal(containsTokenBytes(stdout + stderr, token), false);
});

test("verify exits 3 where the keys cannot be fetched, and says why", async () => {
  const flags = [
    "--issuer",
    ISSUER,
    "--audience",
    AUDIENCE,
    "--jwks",
    "http://127.0.0.1:1/jwks",
    "--insecure-loopback-http",
  ];
  const { code, stdout, stderr } = await runCli(["verify", ...flags, "--json"], {
    input: signToken({ iat: nowSeconds(), exp: nowSeconds() + 300 }),
  });
  assert.equal(code, 3);
  assert.equal((JSON.parse(stdout) as { reason: string }).reason, "keys_unavailable");
  assert.match(stderr, /^countersign: keys of idp\.example\.com: connect/m);
});

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

test("verify --lines answers every line in order, blank and endless ones too, and exits 1", async () => {
  await using folder = await createTestFolder();
  const good = signToken();
  const lines = [good, "", breakSignature(good), "x".repeat(200_000), good, `${good}\r`, "ä.ö.ü", good];
  const { code, stdout } = await runCli(["verify", ...(await describeTestIssuer(folder)), "--lines"], {
    input: lines.join("\n"),
  });
  const verdicts = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { ok: boolean; reason?: string });
  assert.deepEqual(
    verdicts.map(({ ok, reason }) => (ok ? "ok" : reason)),
    [
      "ok",
      "malformed_token",
      "signature_invalid",
      "token_too_large",
      "ok",
      "malformed_token",
      "malformed_token",
      "ok",
    ],
  );
  assert.equal(code, 1);
});

test("verify --lines exits 0 where all are accepted and 3 where one could not be checked", async () => {
  await using folder = await createTestFolder();
  const good = await runCli(["verify", ...(await describeTestIssuer(folder)), "--lines"], {
    input: `${signToken()}\n${signToken()}\n`,
  });
  assert.equal(good.code, 0);
  assert.equal(good.stdout.split("\n").length, 3);
  const flags = [
    "--issuer",
    ISSUER,
    "--audience",
    AUDIENCE,
    "--jwks",
    "http://127.0.0.1:1/jwks",
    "--insecure-loopback-http",
  ];
  const fresh = signToken({ iat: nowSeconds(), exp: nowSeconds() + 300 });
  const bad = await runCli(["verify", ...flags, "--lines"], { input: `${fresh}\nmalformed\n` });
  assert.equal(bad.code, 3);
});

test("verify --lines answers while its input is still open", async () => {
  await using folder = await createTestFolder();
  const { spawn } = await import("node:child_process");
  const { CLI_ARGUMENTS } = await import("./kit/run-cli.ts");
  const child = spawn(process.execPath, [
    ...CLI_ARGUMENTS,
    "verify",
    ...(await describeTestIssuer(folder)),
    "--lines",
  ]);
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  child.stdin.write(`${signToken()}\n`);
  const answer = await new Promise<string>((resolve) =>
    child.stdout.setEncoding("utf8").once("data", resolve),
  );
  assert.equal((JSON.parse(answer) as { ok: boolean }).ok, true);
  child.stdin.end();
  assert.equal(await closed, 0);
});

test("verify names every problem of its flags at once and exits 2", async () => {
  await using folder = await createTestFolder();
  const jwks = await folder.write("jwks.json", '{"keys":[]}');
  const flags = ["--issuer", "idp", "--audience", "", "--algorithms", "none", "--jwks", jwks];
  const { code, stderr } = await runCli(["verify", ...flags], { input: signToken() });
  assert.equal(code, 2);
  for (const flag of ["--audience: ", "--algorithms: ", "--jwks: "])
    assert.match(stderr, new RegExp(`^ +${flag}`, "m"));
});

test("verify refuses flags that exclude each other or say too little", async () => {
  const results = await Promise.all([
    runInProcess(["verify"]),
    runInProcess(["verify", "--issuer", ISSUER]),
    runInProcess(["verify", "--issuer", ISSUER, "--config", "x"]),
    runInProcess(["verify", "--issuer", ISSUER, "--audience", AUDIENCE, "--lines", "-f", "x"]),
    runInProcess(["verify", "--config", "/nowhere.yaml"], { input: signToken() }),
  ]);
  assert.deepEqual(
    results.map(({ code }) => code),
    [2, 2, 2, 2, 2],
  );
  assert.match(results[4]?.stderr ?? "", /nowhere\.yaml cannot be used/);
});

test("verify holds a token against a configuration file", async () => {
  await using folder = await createTestFolder();
  const jwks = (await import("./kit/test-tokens.ts")).JWKS;
  const config = await folder.write(
    "countersign.yaml",
    `issuers:\n  - issuer: ${ISSUER}\n    audiences: [${AUDIENCE}]\n    keys: { jwks: ${JSON.stringify(jwks)} }\nroutes:\n  - { path: /**, allow: authenticated }\n`,
  );
  const { code, stdout } = await runCli(["verify", "-c", config, ...AT], { input: signToken() });
  assert.equal(stdout, ACCEPTED);
  assert.equal(code, 0);
});

test("verify warns where an opt-out among its flags takes a check away", async () => {
  await using folder = await createTestFolder();
  const flags = (await describeTestIssuer(folder)).map((flag) => (flag === AUDIENCE ? "unchecked" : flag));
  const { code, stderr } = await runInProcess(["verify", ...flags], {
    input: signToken({ aud: "https://elsewhere" }),
  });
  assert.equal(code, 0);
  assert.match(stderr, /^countersign: warning: .*other services/);
});
