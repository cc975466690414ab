import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { test } from "node:test";

import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { askDecision } from "../kit/ask-decision.ts";
import { waitFor } from "../kit/wait-for.ts";
import { startAudited } from "./audited-sidecar.ts";

test("a trail begins, tells the configuration with what it weakens, and ends; and it is whole", async () => {
  await using audited = await startAudited({
    rest: 'routes: [{ path: /**, allow: authenticated }]\npaths: { encodedSlash: keep }\nexceptions: [{ path: "paths.encodedSlash", reason: "a registry needs it" }]\nproxy: { forwardToken: true }',
  });
  const { problems, events: count } = await audited.finish();
  assert.deepEqual(problems, []);
  const events = await audited.events();
  assert.equal(count, events.length);
  assert.deepEqual(
    events.map(({ event, place, accepted }) => [event, place, accepted]),
    [
      ["audit.started", undefined, undefined],
      ["configuration.applied", undefined, undefined],
      ["configuration.weakness", "proxy.forwardToken", false],
      ["configuration.weakness", "paths.encodedSlash", true],
      ["audit.stopped", undefined, undefined],
    ],
  );
});

test("an opt-out of the library is told as a weakness, on a reload too", async () => {
  await using audited = await startAudited();
  const { sidecar, issuer } = audited;
  const unsafe = { ...issuer.validatorOptions(), maxLifetimeSeconds: "unchecked" };
  const text = audited
    .write("routes: [{ path: /**, allow: authenticated }]")
    .replace(JSON.stringify([issuer.validatorOptions()]), JSON.stringify([unsafe]));
  const outcome = await sidecar.reload(() => parseConfiguration(text, { env: {}, baseDir: "/" }));
  assert.equal(outcome.result, "applied");
  // Written before the reload is answered.
  const events = await audited.events();
  assert.equal(events.filter(({ event }) => event === "configuration.applied").length, 2);
  assert.deepEqual(
    events.filter(({ event }) => event === "configuration.weakness").map(({ place }) => place),
    ["issuers[0].maxLifetimeSeconds"],
  );
});

test("a configuration that is refused is told with its places, and nothing that the file says", async () => {
  await using audited = await startAudited();
  const text = audited.write("routes: [{ path: no-slash-XYZZY, allow: authenticated }]");
  const outcome = await audited.sidecar.reload(() => parseConfiguration(text, { env: {}, baseDir: "/" }));
  assert.equal(outcome.result, "refused");
  const events = await audited.events();
  const told = events.find(({ event }) => event === "configuration.refused");
  assert.equal(told?.place, "routes[0].path");
  assert.ok(!JSON.stringify(events).includes("XYZZY"));
});

test("a reload cannot change the trail", async () => {
  await using audited = await startAudited();
  const text = audited
    .write("routes: [{ path: /**, allow: authenticated }]")
    .replace("audit: {", "audit: { acceptances: all, ");
  const outcome = await audited.sidecar.reload(() => parseConfiguration(text, { env: {}, baseDir: "/" }));
  assert.equal(outcome.result, "refused");
});

test("refusals are told with reason and stage, acceptances as configured, the same names by the same pseudonyms", async () => {
  await using audited = await startAudited({ audit: "acceptances: all" });
  const { sidecar, issuer } = audited;
  const address = sidecar.decision;
  const [alice, again, bob] = await Promise.all([
    issuer.sign({ sub: "alice", jti: "one" }),
    issuer.sign({ sub: "alice", jti: "two" }),
    issuer.sign({ sub: "bob", jti: "three" }),
  ]);
  for (const token of [alice, again, bob])
    assert.equal(await askDecision({ address, token, path: "/a?b=c" }), 200);
  const expired = await issuer.tokens.expired();
  assert.equal(await askDecision({ address, token: expired }), 401);
  assert.equal(await askDecision({ address, token: expired }), 401);
  assert.equal(await askDecision({ address }), 401);
  assert.deepEqual((await audited.finish()).problems, []);
  const events = await audited.events();
  const accepted = events.filter(({ event }) => event === "token.accepted");
  assert.deepEqual(
    accepted.map(({ reason, path, route, status, outcome }) => [reason, path, route, status, outcome]),
    Array.from({ length: 3 }, () => ["ok", "/a", "/**", 200, "success"]),
  );
  const [first, second, third] = accepted;
  assert.match(first?.subject ?? "", /^[0-9a-f]{16}$/);
  assert.equal(first?.subject, second?.subject);
  assert.notEqual(first?.subject, third?.subject);
  assert.notEqual(first?.tokenId, second?.tokenId);
  assert.notEqual(first?.token, second?.token);
  const rejected = events.filter(({ event }) => event === "token.rejected");
  assert.deepEqual(
    rejected.map(({ reason, stage, status }) => [reason, stage, status]),
    [
      ["token_expired", "claims", 401],
      ["token_expired", "claims", 401],
      ["missing_token", "request", 401],
    ],
  );
  assert.equal(rejected[0]?.token, rejected[1]?.token);
  assert.equal(events.filter(({ event }) => event === "key.first_used").length, 1);
});

test("one acceptance in so many is told", async () => {
  await using audited = await startAudited({ audit: "acceptances: { oneIn: 4 }" });
  const token = await audited.issuer.sign();
  for (let count = 0; count < 12; count++) await askDecision({ address: audited.sidecar.decision, token });
  await audited.finish();
  const events = await audited.events();
  assert.equal(events.filter(({ event }) => event === "token.accepted").length, 3);
});

test("a flood of refusals is told one by one within its bounds, and the rest as a number", async () => {
  await using audited = await startAudited({ audit: "denials: { perSecond: 1, burst: 5 }" });
  const address = audited.sidecar.decision;
  for (let count = 0; count < 40; count++) await askDecision({ address });
  await askDecision({ address, token: "not.a.token" });
  await audited.finish();
  const events = await audited.events();
  const missing = events.filter(({ reason }) => reason === "missing_token");
  const single = missing.filter(({ event }) => event === "token.rejected").length;
  assert.ok(single >= 5 && single < 20, String(single));
  const summary = missing.filter(({ event }) => event === "token.suppressed");
  assert.equal(
    summary.reduce((sum, { count = 0 }) => sum + count, single),
    40,
  );
  // Another reason has bounds of its own.
  assert.equal(events.filter(({ reason }) => reason === "malformed_token").length, 1);
});

test("the keys are made at the first start, for this user alone, and kept by the next", async () => {
  await using audited = await startAudited();
  const files = ["signing.pem", "pseudonyms.key"].map((name) => audited.folder.file(name));
  const modes = await Promise.all(files.map(async (file) => (await stat(file)).mode & 0o777));
  assert.deepEqual(modes, [0o600, 0o600]);
  const [pem = ""] = await Promise.all(files.map((file) => readFile(file, "utf8")));
  assert.match(pem, /^-----BEGIN PRIVATE KEY-----/);
});

test("workers write through their primary, and the trail says which of them it was", async () => {
  await using audited = await startAudited({ workers: 2, audit: "acceptances: all" });
  const { sidecar, issuer } = audited;
  const token = await issuer.sign();
  for (let count = 0; count < 20; count++) await askDecision({ address: sidecar.decision, token });
  await waitFor(
    async () => (await audited.events()).filter(({ event }) => event === "token.accepted").length === 20,
  );
  assert.deepEqual((await audited.finish()).problems, []);
  const events = await audited.events();
  const workers = new Set(
    events.flatMap(({ event, worker }) => (event === "token.accepted" ? [worker] : [])),
  );
  assert.equal(workers.size, 2);
  assert.ok(!workers.has(undefined));
  assert.equal(events.filter(({ event }) => event === "key.first_used").length, 1);
  assert.equal(events.at(-1)?.event, "audit.stopped");
});

test("what operators revoke is written before they are answered, without names", async () => {
  await using folder = await (await import("./kit.ts")).createFolder();
  const tokenFile = folder.file("api.token");
  await using audited = await startAudited({
    rest: `routes: [{ path: /**, allow: authenticated }]\nrevocation: { store: memory }\napi: { tokenFile: ${tokenFile} }`,
    audit: "acceptances: all",
  });
  const { sidecar, issuer } = audited;
  const headers = {
    authorization: `Bearer ${(await readFile(tokenFile, "utf8")).trim()}`,
    "content-type": "application/json",
  };
  const url = `http://${sidecar.addresses.admin}/api/v1/revocations`;
  const target = { kind: "subject", issuer: issuer.issuer, value: "alice" };
  const body = JSON.stringify({ id: "r-1", target, reason: "left XYZZY" });
  const token = await issuer.sign({ sub: "alice" });
  await waitFor(async () => (await askDecision({ address: sidecar.decision, token })) === 200);
  assert.equal((await fetch(url, { method: "POST", headers, body })).status, 201);
  const told = (await audited.events()).find(({ event }) => event === "revocation.added");
  assert.deepEqual([told?.revocation, told?.targetKind, told?.actor], ["r-1", "subject", "operator"]);
  assert.equal((await fetch(url, { method: "POST", headers, body })).status, 200);
  assert.equal((await fetch(`${url}/r-1?reason=mistake`, { method: "DELETE", headers })).status, 200);
  const events = await audited.events();
  assert.deepEqual(
    events.flatMap(({ event }) => (event.startsWith("revocation.") ? [event] : [])),
    ["revocation.added", "revocation.lifted"],
  );
  // The same person is the same in what is revoked and in what was accepted.
  assert.equal(told?.target, events.find(({ event }) => event === "token.accepted")?.subject);
  assert.ok(!JSON.stringify(events).includes("alice"));
  assert.ok(!JSON.stringify(events).includes("XYZZY"));
});
