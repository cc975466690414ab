import assert from "node:assert/strict";
import { chmod, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { parseConfiguration, startServer } from "@countersign/server";
import { findFreePort } from "../../../test/kit/free-port.ts";
import { DOCTOR_CHECKS } from "../src/doctor/doctor-check.ts";
import { readSamples, sumSamples } from "../src/doctor/read-samples.ts";
import type { DocumentServer } from "./kit/document-server.ts";
import { startDocumentServer } from "./kit/document-server.ts";
import { runInProcess } from "./kit/run-in-process.ts";
import { createCertificate } from "./kit/self-signed-certificate.ts";
import { createTestFolder, JWKS } from "./kit/test-tokens.ts";

interface Finding {
  readonly check: string;
  readonly outcome: string;
  readonly subject?: string;
  readonly detail: string;
  readonly remedy?: string;
}

interface Report {
  readonly code: number | null;
  readonly text: string;
  readonly findings: readonly Finding[];
  outcomes(check: string): readonly string[];
}

async function examine(file: string, ...flags: readonly string[]): Promise<Report> {
  const { code, stdout, stderr } = await runInProcess(["doctor", "--config", file, "--json", ...flags]);
  assert.equal(stderr, "");
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  for (const { check, outcome, remedy } of findings) {
    assert.ok(check in DOCTOR_CHECKS, check);
    if (outcome === "failed" || outcome === "warning") assert.ok(remedy, check);
  }
  return {
    code,
    text: stdout,
    findings,
    outcomes: (check) => findings.filter((finding) => finding.check === check).map(({ outcome }) => outcome),
  };
}

function publish(server: DocumentServer, keys: readonly object[] = JWKS.keys): void {
  server.answers.set("/.well-known/openid-configuration", {
    issuer: server.url,
    jwks_uri: `${server.url}/jwks`,
  });
  server.answers.set("/jwks", { keys });
}

function describe(
  url: string,
  { admin, more = "" }: { readonly admin: number; readonly more?: string },
): string {
  return `
listeners: { decision: "127.0.0.1:0", extAuthz: "off", admin: "127.0.0.1:${admin}" }
issuers:
  - issuer: ${url}
    name: main
    audiences: [https://api.example.com]
    maxLifetimeSeconds: 600
    keys: { discovery: true, insecureLoopbackHttp: true }
routes: [{ path: /orders/**, allow: authenticated }]
${more}`;
}

test("doctor lets a sidecar that does not run yet pass before production, and not for production", async () => {
  await using server = await startDocumentServer();
  await using folder = await createTestFolder();
  publish(server);
  const file = await folder.write("a.yaml", describe(server.url, { admin: await findFreePort() }));
  const [before, production, strict] = await Promise.all([
    examine(file),
    examine(file, "--stage", "production"),
    examine(file, "--strict"),
  ]);
  assert.equal(before.code, 0, before.text);
  assert.deepEqual(before.outcomes("running.ready"), ["warning"]);
  assert.deepEqual(before.outcomes("issuers.keys"), ["passed"]);
  assert.deepEqual(before.outcomes("issuers.algorithms"), ["passed"]);
  assert.deepEqual(before.outcomes("machine.clock"), ["passed"]);
  assert.equal(strict.code, 1);
  assert.equal(production.code, 3);
  for (const check of ["configuration.audit", "configuration.revocation", "running.ready"])
    assert.deepEqual(production.outcomes(check), ["failed"], check);
});

test("doctor finds the running sidecar, whether it is ready, and whether it runs with this very file", async () => {
  await using server = await startDocumentServer();
  await using folder = await createTestFolder();
  publish(server);
  const text = describe(server.url, { admin: await findFreePort() });
  const file = await folder.write("a.yaml", text);
  const other = await folder.write("b.yaml", text.replace("/orders/**", "/others/**"));
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const sidecar = await startServer(parseConfiguration(text, { env: {}, baseDir: folder.path }), { logger });
  try {
    await sidecar.validator.ready();
    const [same, changed] = [await examine(file), await examine(other)];
    assert.equal(same.code, 0, same.text);
    assert.deepEqual(same.outcomes("running.ready"), ["passed"]);
    assert.deepEqual(same.outcomes("running.configuration"), ["passed"]);
    assert.deepEqual(same.outcomes("running.losses"), ["passed"]);
    assert.equal(changed.code, 1);
    assert.deepEqual(changed.outcomes("running.configuration"), ["failed"]);
  } finally {
    await sidecar.close();
  }
});

test("doctor names an issuer that does not answer, one with a weak key, and one whose keys verify nothing that is allowed", async () => {
  await using server = await startDocumentServer();
  await using folder = await createTestFolder();
  const admin = await findFreePort();
  const away = await examine(await folder.write("away.yaml", describe("http://127.0.0.1:1", { admin })));
  assert.equal(away.code, 3);
  assert.ok(away.outcomes("issuers.reachable").includes("failed"));
  const weak = { kty: "RSA", kid: "weak", n: Buffer.alloc(128, 0xff).toString("base64url"), e: "AQAB" };
  publish(server, [...JWKS.keys, weak]);
  const text = describe(server.url, { admin });
  const poor = await examine(await folder.write("weak.yaml", text));
  assert.equal(poor.code, 1);
  assert.deepEqual(poor.outcomes("issuers.keys"), ["failed"]);
  publish(server);
  const unfit = await examine(
    await folder.write("unfit.yaml", text.replace("    keys:", "    algorithms: [ES256]\n    keys:")),
  );
  assert.equal(unfit.code, 1);
  assert.deepEqual(unfit.outcomes("issuers.algorithms"), ["failed"]);
});

test("doctor finds secrets in the text, secrets that people wrote, and files that others read, and prints none", async () => {
  await using folder = await createTestFolder();
  const word = "correct-horse-battery-staple-and-more";
  const typed = Buffer.from(word).toString("base64url");
  const random = await folder.write("random.txt", "wyL8Xn3mQm0qgqvJ1Jp1cQmVQ2b2m2x1mC7tq0r9d5k");
  const text = `
listeners: { admin: "127.0.0.1:${await findFreePort()}" }
issuers:
  - { issuer: "https://a.example/", name: typed, audiences: [api], algorithms: [HS256], keys: { secrets: [{ id: one, base64url: ${typed} }] } }
  - { issuer: "https://b.example/", name: made, audiences: [api], algorithms: [HS256], keys: { secrets: [{ id: two, base64url: "file:${random}" }] } }
routes: [{ path: /orders/**, allow: authenticated }]
`;
  const file = await folder.write("a.yaml", text);
  await chmod(file, 0o600);
  await chmod(random, 0o644);
  const open = await examine(file);
  assert.equal(open.code, 1);
  assert.ok(!open.text.includes(typed) && !open.text.includes(word));
  assert.deepEqual(
    open.findings.filter(({ check }) => check === "secrets.written").map(({ subject }) => subject),
    ["issuers[0].keys.secrets[0].base64url"],
  );
  assert.deepEqual(
    open.findings
      .filter(({ check, outcome }) => check === "secrets.permissions" && outcome === "failed")
      .map(({ subject }) => subject),
    [path.resolve(random)],
  );
  assert.deepEqual(open.outcomes("secrets.strength"), ["failed", "passed"]);
  assert.deepEqual(open.outcomes("secrets.shared"), ["warning", "warning"]);
  await chmod(random, 0o600);
  assert.deepEqual((await examine(file)).outcomes("secrets.permissions"), ["passed"]);
  await chmod(file, 0o644);
  assert.deepEqual((await examine(file)).outcomes("secrets.permissions"), ["failed"]);
});

test("doctor tells a Redis that does not answer from a folder that can be written", async () => {
  await using server = await startDocumentServer();
  await using folder = await createTestFolder();
  publish(server);
  const more = `revocation: { store: { redis: { urls: ["redis://127.0.0.1:1"], password: secret-word, timeoutMs: 100 } } }
replay: { store: { sqlite: "${path.join(folder.path, "replay.db")}" } }
`;
  const file = await folder.write("a.yaml", describe(server.url, { admin: await findFreePort(), more }));
  const { code, text, findings } = await examine(file);
  assert.equal(code, 3, text);
  assert.ok(!text.includes("secret-word"));
  assert.deepEqual(
    findings
      .filter(({ check }) => check === "dependencies.stores")
      .map(({ subject, outcome }) => [subject, outcome]),
    [
      ["revocation", "failed"],
      ["replay", "passed"],
    ],
  );
});

test("doctor connects to upstreams, trusting the authorities that each of them has", async () => {
  await using server = await startDocumentServer();
  await using folder = await createTestFolder();
  publish(server);
  const certificate = createCertificate({ daysLeft: 90 });
  await using upstream = await startDocumentServer(certificate);
  const ca = await folder.write("ca.pem", certificate.certificate);
  const more = `upstream: "http://127.0.0.1:1"
upstreams:
  known: { url: "${upstream.url}", tls: { ca: "file:${ca}" } }
  stranger: "${upstream.url}"
  socket: "unix:${path.join(folder.path, "none.sock")}"
`;
  const text = describe(server.url, { admin: await findFreePort(), more }).replace(
    "listeners: {",
    'listeners: { proxy: "127.0.0.1:0",',
  );
  const { code, findings, outcomes, text: shown } = await examine(await folder.write("a.yaml", text));
  assert.equal(code, 3, shown);
  assert.deepEqual(
    findings
      .filter(({ check }) => check === "dependencies.upstreams")
      .map(({ subject, outcome }) => [subject, outcome]),
    [
      ["upstream", "failed"],
      ["upstreams.known", "passed"],
      ["upstreams.stranger", "failed"],
      ["upstreams.socket", "failed"],
    ],
  );
  assert.deepEqual(outcomes("dependencies.endpoints"), ["skipped"]);
  assert.deepEqual(upstream.requests, []);
});

test("doctor shows people each finding with its remedy, and says at the end whether all is ready", async () => {
  await using server = await startDocumentServer();
  await using folder = await createTestFolder();
  publish(server);
  const file = await folder.write("a.yaml", describe(server.url, { admin: await findFreePort() }));
  const { code, stdout } = await runInProcess(["doctor", "--config", file]);
  assert.equal(code, 0);
  assert.match(stdout, /^configuration\n/);
  assert.match(stdout, /^issuers\n/m);
  assert.match(stdout, /^ {2}✓ keys {12}main: 1 of 1 can verify signatures$/m);
  assert.match(stdout, /→ Start the sidecar with this file/);
  assert.match(stdout, /is ready for pre-production: \d+ to look at, \d+ passed/);
});

test("doctor refuses a file that cannot be used with exit 2", async () => {
  await using folder = await createTestFolder();
  const { code, stderr } = await runInProcess([
    "doctor",
    "--config",
    await folder.write("a.yaml", "issuers: []"),
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /issuers/);
});

test("samples of metrics are read with their labels and summed by them", () => {
  const samples = readSamples(
    '# HELP a b\na_total{x="1",y="q\\"{}"} 2\na_total{x="2"} 3\nb +Inf\nnonsense\n',
  );
  assert.equal(sumSamples(samples, { name: "a_total" }), 5);
  assert.equal(sumSamples(samples, { name: "a_total", labels: { x: "1" } }), 2);
  assert.equal(sumSamples(samples, { name: "b" }), Number.POSITIVE_INFINITY);
});

test("the guide lists every check of doctor with what it looks at, under its stage", async () => {
  const guide = await readFile(new URL("../../../docs/guide/doctor.md", import.meta.url), "utf8");
  const [before = "", after = ""] = guide.split("## Before you depend on it");
  for (const [name, { since, about }] of Object.entries(DOCTOR_CHECKS)) {
    const part = since === "production" ? after : before;
    assert.ok(part.includes(`| \`${name}\` | ${about} |`), name);
  }
});
