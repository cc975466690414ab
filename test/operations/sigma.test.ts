import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { createTestIssuer } from "countersign/testing";

import { AUDIT_FIELD_NAMES } from "../../packages/server/src/audit/audit-event.ts";
import { parseConfiguration } from "../../packages/server/src/config/parse-configuration.ts";
import { type AuditedSidecar, startAudited } from "../../packages/server/test/audit/audited-sidecar.ts";
import { askDecision } from "../../packages/server/test/kit/ask-decision.ts";
import { waitFor } from "../../packages/server/test/kit/wait-for.ts";
import { findSigmaHits } from "../kit/sigma/find-hits.ts";
import type { LogEvent } from "../kit/sigma/match-event.ts";
import { isCorrelation, readSigmaRules } from "../kit/sigma/sigma-rule.ts";

const RULES = readSigmaRules(path.resolve(import.meta.dirname, "../../operations/sigma"));
/** What good traffic and a start may find too. */
const QUIET = new Set(RULES.filter(({ level }) => level === "informational").map(({ title }) => title));

/** Titles of the rules that find something in what a sidecar has written, without what is always found. */
async function findHits(audited: AuditedSidecar): Promise<readonly string[]> {
  const { problems } = await audited.finish();
  assert.deepEqual(problems, []);
  const events = (await audited.events()) as readonly unknown[] as readonly LogEvent[];
  return [...findSigmaHits(RULES, events)].filter((title) => !QUIET.has(title)).sort();
}

test("every rule has an id of its own, a level, and fields that events have", () => {
  assert.equal(new Set(RULES.map(({ id }) => id)).size, RULES.length);
  const names = new Set(RULES.flatMap(({ name }) => name ?? []));
  const fields = new Set<string>(AUDIT_FIELD_NAMES);
  for (const rule of RULES) {
    if (isCorrelation(rule)) {
      const { rules, "group-by": groupBy = [], condition } = rule.correlation;
      for (const name of rules) assert.ok(names.has(name), name);
      for (const field of [...groupBy, ...(condition?.field === undefined ? [] : [condition.field])])
        assert.ok(fields.has(field), field);
      continue;
    }
    assert.deepEqual(rule.logsource, { product: "countersign", service: "audit" });
    for (const [name, selection] of Object.entries(rule.detection)) {
      if (name === "condition") continue;
      for (const key of Object.keys(selection)) assert.ok(fields.has(key.split("|")[0] ?? ""), key);
    }
  }
});

test("good traffic, expired tokens and one mistake of a client find nothing", async () => {
  await using audited = await startAudited({ audit: "acceptances: all" });
  const { sidecar, issuer } = audited;
  const address = sidecar.decision;
  for (let count = 0; count < 30; count++) await askDecision({ address, token: await issuer.sign() });
  const expired = await issuer.tokens.expired();
  for (let count = 0; count < 30; count++) await askDecision({ address, token: expired });
  for (let count = 0; count < 30; count++) await askDecision({ address });
  assert.deepEqual(await findHits(audited), []);
});

test("a token for one use that comes again and again is found", async () => {
  await using audited = await startAudited({
    rest: "routes: [{ path: /**, allow: authenticated, singleUse: true }]",
  });
  const { sidecar, issuer } = audited;
  const token = await issuer.sign({ jti: randomUUID() });
  for (let count = 0; count < 4; count++) await askDecision({ address: sidecar.decision, token });
  assert.deepEqual(await findHits(audited), [
    "Countersign Same Token Presented Again And Again",
    "Countersign Token For One Use Presented Again",
  ]);
});

test("replays of different tokens are no loop of one", async () => {
  await using audited = await startAudited({
    rest: "routes: [{ path: /**, allow: authenticated, singleUse: true }]",
  });
  const { sidecar, issuer } = audited;
  for (let count = 0; count < 4; count++) {
    const token = await issuer.sign({ jti: randomUUID() });
    for (let times = 0; times < 2; times++) await askDecision({ address: sidecar.decision, token });
  }
  assert.deepEqual(await findHits(audited), ["Countersign Token For One Use Presented Again"]);
});

test("tokens without a signature and by a swapped algorithm are found, several of them as an attack", async () => {
  await using audited = await startAudited();
  const { sidecar, issuer } = audited;
  const address = sidecar.decision;
  for (const name of ["algNone", "algNoneSigned", "hmacWithPublicKey"] as const) {
    await askDecision({ address, token: await issuer.tokens[name]() });
    await askDecision({ address, token: await issuer.tokens[name]() });
  }
  assert.deepEqual(await findHits(audited), [
    "Countersign Algorithm That The Issuer Does Not Use",
    "Countersign Several Algorithms Tried",
  ]);
});

test("forged signatures and a burst of unknown keys are found, also where most of them are only counted", async () => {
  await using audited = await startAudited({ audit: "denials: { perSecond: 1, burst: 25 }" });
  const { sidecar, issuer } = audited;
  const address = sidecar.decision;
  for (let count = 0; count < 12; count++) {
    await askDecision({
      address,
      token: await issuer.sign(
        { jti: randomUUID() },
        { key: (await createTestIssuer()).key(), header: { kid: issuer.key().keyId } },
      ),
    });
  }
  for (let count = 0; count < 60; count++) {
    await askDecision({ address, token: await issuer.sign({}, { header: { kid: `made-up-${count}` } }) });
  }
  assert.deepEqual(await findHits(audited), [
    "Countersign Burst Of Unknown Keys",
    "Countersign Many Forged Tokens",
    "Countersign Signature That Does Not Verify",
    "Countersign Unknown Keys Beyond What Is Told One By One",
  ]);
});

test("a key that signs as soon as it is published, or before, is found; one that was announced long before is not", async () => {
  await using issuer = await createTestIssuer({ serve: true });
  const [algorithm = "ES256"] = issuer.algorithms;
  await using audited = await startAudited({
    issuer,
    keys: { cooldownSeconds: 1, minRefreshSeconds: 1, maxRefreshSeconds: 1 },
  });
  const address = audited.sidecar.decision;
  assert.equal(await askDecision({ address, token: await issuer.sign() }), 200);
  const early = await issuer.sign({}, { header: { kid: "next" } });
  await waitFor(async () => {
    // Right after a fetch the sidecar does not ask again, and says 503; not so often that it is a burst.
    await wait(150);
    return (await askDecision({ address, token: early })) === 401;
  });
  await issuer.rotate(algorithm, { keyId: "next" });
  const token = await issuer.sign();
  await waitFor(async () => {
    // Not so often that it is a burst.
    await wait(150);
    return (await askDecision({ address, token })) === 200;
  });
  assert.deepEqual(await findHits(audited), [
    // Keys over plain HTTP, which only a test does.
    "Countersign Check Switched Off",
    "Countersign Key Used Without Having Been Announced",
    "Countersign Tokens Of A Key Before Its Publication",
  ]);
  const used = (await audited.events()).filter(({ event }) => event === "key.first_used");
  const announced = used.map((event) => ({ ...event, keyAgeSeconds: 7200 }));
  assert.deepEqual(
    [...findSigmaHits(RULES, announced)].filter((title) => !QUIET.has(title)),
    [],
  );
});

test("a check that is switched off is found, unless the configuration says why", async () => {
  await using audited = await startAudited();
  const { issuer } = audited;
  const routes = "routes: [{ path: /**, allow: authenticated }]";
  const why = 'exceptions: [{ path: "issuers[0].maxLifetimeSeconds", reason: "devices live for years" }]';
  const reload = (rest: string): Promise<{ readonly result: string }> => {
    const unsafe = [{ ...issuer.validatorOptions(), maxLifetimeSeconds: "unchecked" }];
    const text = audited.write(rest).replace(/^issuers: .*$/m, `issuers: ${JSON.stringify(unsafe)}`);
    return audited.sidecar.reload(() => parseConfiguration(text, { env: {}, baseDir: "/" }));
  };
  assert.equal((await reload(`${routes}\n${why}`)).result, "applied");
  const quiet = findSigmaHits(RULES, (await audited.events()) as readonly unknown[] as readonly LogEvent[]);
  assert.ok(!quiet.has("Countersign Check Switched Off"));
  assert.equal((await reload(routes)).result, "applied");
  assert.deepEqual(await findHits(audited), ["Countersign Check Switched Off"]);
});
