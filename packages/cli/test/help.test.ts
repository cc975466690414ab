import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "./kit/run-cli.ts";
import { runInProcess } from "./kit/run-in-process.ts";
import { containsTokenBytes, signToken } from "./kit/test-tokens.ts";

const GOLDEN = `Usage: countersign [options] [command]

Decides whether a JWT may pass, and says why not.

Options:
  -V, --version              print the version
  -h, --help                 print help

Commands:
  demo [options]             see it work: identity provider, API and sidecar at
                             once
  serve [options]            run the sidecar
  check [options]            check a configuration file
  inspect [options] [token]  show what is written in a token; verifies nothing
  verify [options] [token]   decide whether a token is accepted
  explain [options] [token]  run every check on a token and say what each found
  permissions [options]      say what a table of permissions grants to whom
  issuer                     look at an issuer from where you stand
  keys                       rotate signing keys, safely
  revoke                     revoke tokens, users, sessions, clients, keys,
                             issuers
  audit                      find out whether an audit trail was changed
  doctor [options]           find out whether all is ready for production
  inventory [options]        what there is, and which instance differs
  rules                      alert rules, service levels and runbooks
  convert [options] <file>   make a gateway's own configuration of yours
  help [command]             print help of a command

Exit codes:
  0  success: accepted, nothing found
  1  negative answer: rejected, or a check found something wrong
  2  the command line, a file or the configuration cannot be used
  3  a dependency is unavailable: the answer could not be had

`;

test("countersign --help names every command and the exit codes", async () => {
  assert.deepEqual(await runCli(["--help"]), { code: 0, stdout: GOLDEN, stderr: "" });
});

test("the help of every command shows its use with examples, and --json", async () => {
  const commands = [
    ["demo"],
    ["serve"],
    ["check"],
    ["inspect"],
    ["verify"],
    ["explain"],
    ["permissions"],
    ["issuer", "check"],
    ...["init", "list", "plan", "rotate", "promote", "retire", "remove", "revoke", "restore"].map((name) => [
      "keys",
      name,
    ]),
    ["audit", "verify"],
    ["doctor"],
    ["inventory"],
    ["rules", "export"],
    ["convert"],
    ...["token", "subject", "session", "client", "key", "issuer", "list", "lift", "import", "export"].map(
      (name) => ["revoke", name],
    ),
  ];
  const results = await Promise.all(commands.map((command) => runInProcess([...command, "--help"])));
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /\nExamples:\n {2}# /, String(commands[index]));
    assert.match(stdout, /^ {2}--json /m);
  }
});

test("no command, an unknown command and an unknown option exit 2 and say where help is", async () => {
  const [nothing, command, option] = await Promise.all([
    runCli([]),
    runCli(["verfy"]),
    runCli(["demo", "--jsn"]),
  ]);
  assert.deepEqual([nothing.code, command.code, option.code], [2, 2, 2]);
  assert.match(nothing.stderr, /^Usage: countersign/);
  assert.match(command.stderr, /^countersign: unknown command 'verfy'\n\(Did you mean verify\?\)\n/);
  assert.match(option.stderr, /^countersign: unknown option '--jsn'/);
  assert.equal(nothing.stdout + command.stdout + option.stdout, "");
});

test("a token where a command or an option belongs is not repeated", async () => {
  const token = signToken();
  const attempts = [
    [token],
    ["verify", `--${token}`],
    ["demo", token],
    ["check", "--config", "x", token],
    ["issuer", "check", token],
    ["verify", "--at", token],
  ];
  const results = await Promise.all(attempts.map((args) => runInProcess(args)));
  for (const { code, stdout, stderr } of results) {
    assert.equal(code, 2);
    assert.equal(containsTokenBytes(stdout + stderr, token), false, stderr);
  }
});

test("--version prints the package's version", async () => {
  const { code, stdout } = await runCli(["--version"]);
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test("colors are absent without a terminal, present with FORCE_COLOR, and absent with NO_COLOR", async () => {
  const args = ["inspect"];
  const input = signToken();
  const [plain, forced, refused] = await Promise.all([
    runCli(args, { input }),
    runCli(args, { input, env: { FORCE_COLOR: "1" } }),
    runCli(args, { input, env: { NO_COLOR: "1" } }),
  ]);
  assert.equal(plain.stdout.includes("\u001b["), false);
  assert.equal(forced.stdout.includes("\u001b["), true);
  assert.equal(refused.stdout.includes("\u001b["), false);
});
