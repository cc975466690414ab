import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer, DocumentServer } from "./kit/document-server.ts";
import { startDocumentServer } from "./kit/document-server.ts";
import { runCli } from "./kit/run-cli.ts";
import { runInProcess } from "./kit/run-in-process.ts";
import { createCertificate } from "./kit/self-signed-certificate.ts";
import { createTestFolder, JWKS } from "./kit/test-tokens.ts";

const OIDC = "/.well-known/openid-configuration";
const OAUTH = "/.well-known/oauth-authorization-server";

interface Step {
  readonly target: string;
  readonly name: string;
  readonly outcome: string;
  readonly detail: string;
  readonly remedy?: string;
}

interface Report {
  readonly code: number | null;
  readonly ok: boolean;
  readonly steps: readonly Step[];
  /** "target name" of each failed step. */
  readonly failures: readonly string[];
  find(target: string, name: string): Step;
}

async function check(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Report> {
  const command = ["issuer", "check", ...args, "--json"];
  // Trust in a CA is read when a process starts.
  const { code, stdout, stderr } =
    env === undefined ? await runInProcess(command) : await runCli(command, { env });
  assert.equal(stderr, "");
  const { ok, steps } = JSON.parse(stdout) as { ok: boolean; steps: Step[] };
  const failures = steps
    .filter(({ outcome }) => outcome === "failed")
    .map(({ target, name }) => `${target} ${name}`);
  for (const { outcome, remedy, detail } of steps) if (outcome === "failed") assert.ok(remedy, detail);
  return {
    code,
    ok,
    steps,
    failures,
    find(target, name) {
      const step = steps.find((candidate) => candidate.target === target && candidate.name === name);
      assert.ok(step, `${target} ${name} is missing`);
      return step;
    },
  };
}

function publish(server: DocumentServer, changes: Readonly<Record<string, Answer | undefined>> = {}): void {
  const metadata = { issuer: server.url, jwks_uri: `${server.url}/jwks` };
  const documents: Record<string, Answer | undefined> = { [OIDC]: metadata, "/jwks": JWKS, ...changes };
  for (const [path, answer] of Object.entries(documents))
    if (answer !== undefined) server.answers.set(path, answer);
}

test("issuer check passes a good issuer and tells each step", async () => {
  await using server = await startDocumentServer();
  publish(server);
  const report = await check([server.url]);
  assert.deepEqual(report.failures, []);
  assert.equal(report.code, 0);
  assert.equal(report.ok, true);
  assert.equal(report.find("oauth-authorization-server", "http").outcome, "skipped");
  assert.match(report.find("jwks", "key").detail, /^kid key-2026-01 \(OKP Ed25519\) verifies Ed25519$/);
  assert.equal(report.find("jwks", "clock").outcome, "passed");
  assert.equal(report.find("engine", "ready").outcome, "passed");
});

test("issuer check prints one line a step for people", async () => {
  await using server = await startDocumentServer();
  publish(server);
  const { code, stdout } = await runCli(["issuer", "check", server.url]);
  assert.equal(code, 0);
  assert.match(stdout, /^issuer\n {2}! url /);
  assert.match(stdout, /\nThis issuer's tokens can be checked from here; 2 steps need attention\.\n$/);
});

test("issuer check says how the issuer differs from the one in the document", async () => {
  await using server = await startDocumentServer();
  publish(server);
  const report = await check([`${server.url}/`]);
  assert.equal(report.code, 1);
  assert.match(report.find("openid-configuration", "issuer").detail, /without the trailing slash/);
});

test("issuer check finds documents that name different key sets", async () => {
  await using server = await startDocumentServer();
  publish(server, { [OAUTH]: { issuer: server.url, jwks_uri: `${server.url}/other` } });
  const report = await check([server.url]);
  assert.equal(report.code, 1);
  assert.match(report.find("issuer", "metadata").detail, /different key sets/);
});

test("issuer check tells redirects, pages, refusals and failures apart", async () => {
  await using server = await startDocumentServer();
  const cases: readonly [answer: Answer, step: string, code: number, detail: RegExp][] = [
    [
      (_, response) => response.writeHead(302, { location: "/elsewhere" }).end(),
      "jwks http",
      1,
      /302 to \/elsewhere/,
    ],
    [(_, response) => response.end("<html>Sign in</html>"), "jwks parse", 1, /a page/],
    [(_, response) => response.end("{"), "jwks parse", 1, /not JSON/],
    [(_, response) => response.writeHead(403).end(), "jwks http", 1, /403/],
    [(_, response) => response.writeHead(502).end(), "jwks http", 3, /502/],
    [(_, response) => response.destroy(), "jwks http", 3, /the connection broke/],
    [(_, response) => response.end("x".repeat(1_048_577)), "jwks http", 1, /more than 1048576 bytes/],
    [() => undefined, "jwks http", 3, /no complete answer within 1000 ms/],
    [{ keys: "none" }, "jwks keys", 1, /no array/],
    [{ keys: [] }, "jwks keys", 1, /the set is empty/],
  ];
  for (const [answer, step, code, detail] of cases) {
    publish(server, { "/jwks": answer });
    const report = await check([server.url, "--jwks", `${server.url}/jwks`, "--timeout", "1"]);
    assert.ok(report.failures.includes(step), `${step}: ${JSON.stringify(report.failures)}`);
    const [target = "", name = ""] = step.split(" ");
    assert.match(report.find(target, name).detail, detail);
    assert.equal(report.code, code, step);
  }
});

test("issuer check names the rule that each bad key breaks, and goes on with the others", async () => {
  await using server = await startDocumentServer();
  const weak = { kty: "RSA", kid: "weak", n: Buffer.alloc(128, 0xff).toString("base64url"), e: "AQAB" };
  const secret = { kty: "oct", kid: "secret", k: "c2VjcmV0" };
  const encryption = { ...JWKS.keys[0], kid: "encryption", use: "enc" };
  publish(server, { "/jwks": { keys: [weak, ...JWKS.keys, secret, encryption, null] } });
  const report = await check([server.url]);
  assert.equal(report.code, 1);
  const keys = report.steps.filter(({ name }) => name === "key").map(({ outcome }) => outcome);
  assert.deepEqual(keys, ["failed", "passed", "failed", "skipped", "failed"]);
  assert.match(report.steps.find(({ detail }) => detail.startsWith("kid weak"))?.detail ?? "", /1024/);
  assert.match(report.find("jwks", "keys").detail, /^1 of 5 /);
  assert.doesNotMatch(JSON.stringify(report.steps), /c2VjcmV0/);
});

test("issuer check measures the difference of the clocks", async () => {
  await using server = await startDocumentServer();
  const date = new Date(Date.now() - 120_000).toUTCString();
  publish(server, { "/jwks": (_, response) => response.writeHead(200, { date }).end(JSON.stringify(JWKS)) });
  const report = await check([server.url]);
  const step = report.find("jwks", "clock");
  assert.equal(step.outcome, "warning");
  assert.match(step.detail, /^1(19|20|21) s behind this machine$/);
});

test("issuer check exits 3 where nobody listens or the name does not exist", async () => {
  const [refused, unknown] = await Promise.all([
    check(["http://127.0.0.1:1"]),
    check(["https://issuer.invalid/"]),
  ]);
  assert.deepEqual([refused.code, unknown.code], [3, 3]);
  assert.deepEqual(refused.failures, ["openid-configuration tcp"]);
  assert.deepEqual(unknown.failures, ["openid-configuration dns"]);
});

test("issuer check does not accept plain http from elsewhere, nor credentials in the URL", async () => {
  const [plain, credentials] = await Promise.all([
    check(["http://192.0.2.1/"]),
    check(["https://user:secret@127.0.0.1/"]),
  ]);
  assert.deepEqual([plain.code, credentials.code], [1, 1]);
  assert.deepEqual(plain.failures, ["issuer url"]);
  assert.deepEqual(credentials.failures, ["issuer url"]);
});

test("issuer check looks at the certificate: trusted, soon over, over, and of a stranger", async () => {
  await using folder = await createTestFolder();
  const probe = async (daysLeft: number, trust: boolean): Promise<{ report: Report; requests: number }> => {
    const certificate = createCertificate({ daysLeft });
    await using server = await startDocumentServer(certificate);
    publish(server);
    const file = await folder.write(`ca-${daysLeft}-${trust}.pem`, certificate.certificate);
    const report = await check([server.url], trust ? { NODE_EXTRA_CA_CERTS: file } : undefined);
    return { report, requests: server.requests.length };
  };
  const good = await probe(90, true);
  assert.equal(good.report.code, 0);
  assert.match(
    good.report.find("jwks", "tls").detail,
    /^TLSv1\.3; certificate for localhost, 127\.0\.0\.1 by .*, valid for 90 more days$/,
  );
  const short = await probe(5, true);
  assert.equal(short.report.find("jwks", "tls").outcome, "warning");
  assert.equal(short.report.code, 0);
  const over = await probe(-3, true);
  assert.equal(over.report.code, 1);
  assert.match(
    over.report.find("openid-configuration", "tls").detail,
    /CERT_HAS_EXPIRED.*expired 3 days ago/,
  );
  const stranger = await probe(90, false);
  assert.equal(stranger.report.code, 1);
  assert.match(stranger.report.find("openid-configuration", "tls").detail, /DEPTH_ZERO_SELF_SIGNED_CERT/);
  assert.equal(stranger.requests, 0);
});

test("issuer check refuses what is no URL and bounds that are none", async () => {
  const results = await Promise.all([
    runInProcess(["issuer", "check", "idp.example.com"]),
    runInProcess(["issuer", "check", "https://idp.example.com", "--timeout", "0"]),
    runInProcess(["issuer"]),
  ]);
  assert.deepEqual(
    results.map(({ code }) => code),
    [2, 2, 2],
  );
});
