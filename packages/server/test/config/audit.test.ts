import assert from "node:assert/strict";
import { chmod, symlink, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { ConfigurationError } from "countersign";

import { openPseudonymKey, openSigningKey } from "../../src/audit/secret-file.ts";
import { listWeaknesses } from "../../src/config/list-weaknesses.ts";
import { readConfiguration } from "../../src/config/parse-configuration.ts";
import { parseSyslogAddress } from "../../src/config/syslog-address.ts";
import { createFolder } from "../audit/kit.ts";

function read(audit: string): ReturnType<typeof readConfiguration> {
  const text = `issuers: [{ issuer: "https://a.test/", audiences: [a], keys: { discovery: true } }]
routes: [{ path: /**, allow: authenticated }]
audit: ${audit}`;
  return readConfiguration(text, { env: { SECRET: "Bearer 0123" }, baseDir: "/" });
}

function findPaths(audit: string): readonly string[] {
  const reading = read(audit);
  return reading.ok ? [] : reading.problems.map(({ path }) => path);
}

test("a trail needs an output, and files of their own", () => {
  assert.deepEqual(findPaths("{}"), ["audit"]);
  assert.deepEqual(findPaths("{ file: { path: /a, signingKeyFile: /a } }"), ["audit.file.path"]);
  assert.deepEqual(findPaths("{ pseudonymKeyFile: /a, file: { path: /b, signingKeyFile: /a } }"), [
    "audit.file.signingKeyFile",
  ]);
  assert.deepEqual(findPaths("{ file: { path: /a } }"), []);
});

test("where events go is held to addresses that can be meant", () => {
  assert.deepEqual(findPaths('{ syslog: { to: "http://a" } }'), ["audit.syslog.to"]);
  assert.deepEqual(findPaths('{ syslog: { to: "tcp://a:1", ca: pem } }'), ["audit.syslog.ca"]);
  assert.deepEqual(findPaths('{ webhook: { url: "http://collector.test/" } }'), ["audit.webhook.url"]);
  assert.deepEqual(findPaths('{ webhook: { url: "https://user:word@collector.test/" } }'), [
    "audit.webhook.url",
  ]);
  assert.deepEqual(
    findPaths('{ otlp: { url: "https://collector.test/v1/logs", authorization: "${SECRET}" } }'),
    [],
  );
  assert.deepEqual(findPaths("{ file: { path: /a, maxBytes: 1 } }"), ["audit.file.maxBytes"]);
  assert.deepEqual(findPaths("{ stdout: {}, acceptances: { oneIn: 1 } }"), ["audit.acceptances.oneIn"]);
});

test("addresses of syslog are read with their default ports", () => {
  assert.deepEqual(parseSyslogAddress("udp://log.test"), { kind: "udp", host: "log.test", port: 514 });
  assert.deepEqual(parseSyslogAddress("tls://[::1]:7000"), { kind: "tls", host: "::1", port: 7000 });
  assert.deepEqual(parseSyslogAddress("unix:/run/log"), { kind: "unix", path: "/run/log" });
  for (const text of ["udp://a:0", "udp://a:65536", "udp://a/b", "unix:run/log", "//a", "tcp://"])
    assert.equal(parseSyslogAddress(text), undefined, text);
});

test("events in the clear to another machine are an exposure", () => {
  const find = (audit: string): readonly string[] => {
    const reading = read(audit);
    assert.ok(reading.ok);
    return listWeaknesses(reading.configuration).map(({ path }) => path);
  };
  assert.deepEqual(find('{ syslog: { to: "udp://log.test" } }'), ["audit.syslog.to"]);
  assert.deepEqual(find('{ syslog: { to: "tls://log.test" } }'), []);
  assert.deepEqual(find('{ syslog: { to: "udp://127.0.0.1" } }'), []);
});

test("a key that others may read, that is a link, or that is none is refused with its place", async () => {
  await using folder = await createFolder();
  const path = folder.file("key");
  const place = "audit.pseudonymKeyFile";
  const made = await openPseudonymKey({ path, place });
  assert.deepEqual(await openPseudonymKey({ path, place }), made);
  await chmod(path, 0o640);
  await assert.rejects(openPseudonymKey({ path, place }), ConfigurationError);
  await chmod(path, 0o600);
  await symlink(path, folder.file("link"));
  await assert.rejects(openPseudonymKey({ path: folder.file("link"), place }), ConfigurationError);
  await assert.rejects(openSigningKey({ path, place }), ConfigurationError);
  await writeFile(path, "short");
  await assert.rejects(openPseudonymKey({ path, place }), (error: unknown) => {
    assert.ok(error instanceof ConfigurationError);
    assert.equal(error.problems[0]?.path, place);
    return true;
  });
});
