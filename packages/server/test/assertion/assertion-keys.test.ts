/** The keys of assertions over their lives: rotations that nobody notices, starts, and what must not be opened. */

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { computeBounds, DEFAULT_TIMING } from "@countersign/signing-keys";
import { ConfigurationError, createValidator, type Validator } from "countersign";

import { type OpenedAssertionKeys, openAssertionKeys } from "../../src/assertion/open-assertion-keys.ts";
import { ASSERTION_TYPE } from "../../src/assertion/sign-assertion.ts";
import type { AssertionKeysConfiguration } from "../../src/config/assertion-configuration.ts";
import { openAssertions } from "../../src/open-assertions.ts";

const ISSUER = "https://sidecar.test";
const ROTATION_SECONDS = 7 * 86_400;
const START_MS = 1_700_000_000_000;
const BOUNDS = computeBounds({ ...DEFAULT_TIMING, tokenLifetimeSeconds: 60 });

let nowMs = START_MS;
const clock = (): number => nowMs;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

function open(keys: Partial<AssertionKeysConfiguration> = {}): Promise<OpenedAssertionKeys> {
  const configuration = {
    issuer: ISSUER,
    keys: { algorithm: "ES256", store: "memory", rotationSeconds: ROTATION_SECONDS, ...keys },
  } as const;
  return openAssertionKeys(configuration, { logger: silent, clock });
}

async function sign(keys: OpenedAssertionKeys): Promise<string> {
  const claims = { aud: "orders", sub: "ada" };
  return (await keys.sign({ claims, lifetimeSeconds: 60, endsAt: nowMs / 1000 + 600 })).text;
}

function kidOf(text: string): string {
  const header = Buffer.from(text.split(".")[0] ?? "", "base64url").toString();
  return (JSON.parse(header) as { kid: string }).kid;
}

async function listKids(keys: OpenedAssertionKeys): Promise<readonly string[]> {
  const { body } = await keys.readKeySet();
  return (JSON.parse(body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

/** One that fetched the set now, and keeps it. */
async function createUpstream(keys: OpenedAssertionKeys): Promise<Validator> {
  const jwks = JSON.parse((await keys.readKeySet()).body) as { keys: readonly unknown[] };
  return createValidator({
    clock,
    issuers: [{ issuer: ISSUER, audiences: ["orders"], types: [ASSERTION_TYPE], keys: { jwks } }],
  });
}

async function judge(validator: Validator, text: string): Promise<string> {
  const verdict = await validator.validate(text);
  return verdict.ok ? "ok" : verdict.reason;
}

describe("keys of assertions", () => {
  it("rotate so that whoever has a copy as old as the bounds admit verifies everything", async () => {
    nowMs = START_MS;
    const keys = await open();
    try {
      const first = kidOf(await sign(keys));
      assert.equal((await listKids(keys)).length, 2);
      nowMs += ROTATION_SECONDS * 1000;
      await keys.rotate();
      // Begun, and nothing signs with another key yet.
      assert.equal(kidOf(await sign(keys)), first);
      const upstream = await createUpstream(keys);
      nowMs += BOUNDS.promote.ms;
      const last = await sign(keys);
      await keys.rotate();
      const next = await sign(keys);
      assert.notEqual(kidOf(next), first);
      for (const text of [last, next]) assert.equal(await judge(upstream, text), "ok");
      const fresh = await createUpstream(keys);
      for (const text of [last, next]) assert.equal(await judge(fresh, text), "ok");
      nowMs += BOUNDS.remove.ms;
      await keys.rotate();
      assert.equal((await listKids(keys)).includes(first), false);
      assert.equal(await judge(await createUpstream(keys), await sign(keys)), "ok");
    } finally {
      await keys.close();
    }
  });

  it("go on signing where a rotation fails", async () => {
    nowMs = START_MS;
    const keys = await open();
    try {
      const first = kidOf(await sign(keys));
      nowMs -= 10 * 365 * 86_400_000;
      await keys.rotate();
      assert.equal(kidOf(await sign(keys)), first);
    } finally {
      await keys.close();
    }
  });

  for (const algorithm of ["ES256", "ES384", "Ed25519", "RS256", "PS256"] as const) {
    it(`sign with ${algorithm} what the library verifies`, async () => {
      nowMs = START_MS;
      const keys = await open({ algorithm });
      try {
        const jwks = JSON.parse((await keys.readKeySet()).body) as { keys: readonly unknown[] };
        const validator = createValidator({
          clock,
          issuers: [
            {
              issuer: ISSUER,
              audiences: ["orders"],
              types: [ASSERTION_TYPE],
              algorithms: [algorithm],
              keys: { jwks },
            },
          ],
        });
        assert.equal(await judge(validator, await sign(keys)), "ok");
      } finally {
        await keys.close();
      }
    });
  }

  it("never let an assertion live past the client's token, but for seconds where that is over", async () => {
    nowMs = START_MS;
    const keys = await open();
    try {
      for (const [left, lifetime] of [
        [600, 60],
        [60, 60],
        [30, 30],
        [-20, 5],
      ] as const) {
        const endsAt = START_MS / 1000 + left;
        const signed = await keys.sign({ claims: { aud: "a" }, lifetimeSeconds: 60, endsAt });
        assert.equal(signed.exp, START_MS / 1000 + lifetime);
      }
    } finally {
      await keys.close();
    }
  });
});

describe("keys of assertions in files", () => {
  let folder: string;
  let keys: AssertionKeysConfiguration;
  before(async () => {
    nowMs = Date.now();
    folder = await mkdtemp(path.join(tmpdir(), "countersign-assertions-"));
    process.env["COUNTERSIGN_TEST_PASSPHRASE"] = "correct horse battery staple";
    process.env["COUNTERSIGN_TEST_OTHER"] = "another passphrase that is long";
    keys = {
      algorithm: "ES256",
      rotationSeconds: ROTATION_SECONDS,
      store: { directory: path.join(folder, "ledger") },
      backend: {
        backend: "file",
        directory: path.join(folder, "keys"),
        passphrase: { env: "COUNTERSIGN_TEST_PASSPHRASE" },
        scryptCost: 32_768,
      },
    };
  });
  after(async () => {
    delete process.env["COUNTERSIGN_TEST_PASSPHRASE"];
    delete process.env["COUNTERSIGN_TEST_OTHER"];
    await rm(folder, { recursive: true });
  });

  it("outlast the process, and are shared by those that name the same folder", async () => {
    const first = await open(keys);
    const kid = kidOf(await sign(first));
    const beside = await open(keys);
    assert.equal(kidOf(await sign(beside)), kid);
    await Promise.all([first.close(), beside.close()]);
    const again = await open(keys);
    assert.equal(kidOf(await sign(again)), kid);
    assert.equal((await listKids(again)).length, 2);
    await again.close();
    for (const name of await readdir(path.join(folder, "keys"), { recursive: true })) {
      const text = await readFile(path.join(folder, "keys", name), "utf8").catch(() => "");
      assert.doesNotMatch(text, /"d":|PRIVATE KEY/);
    }
  });

  it("are not opened for another issuer or with another passphrase, and why is told without a secret", async () => {
    const assertion = {
      header: "assertion",
      issuer: ISSUER,
      audience: "orders",
      lifetimeSeconds: 60,
      claims: [],
      keys,
    };
    const start = (changes: object): Promise<unknown> =>
      openAssertions(
        {
          identityHeaders: {
            prefix: "x-auth-",
            claims: {},
            maxValueBytes: 2048,
            assertion: { ...assertion, ...changes },
          },
        },
        { logger: silent, clock },
      );
    const wrong = { ...keys, backend: { ...keys.backend, passphrase: { env: "COUNTERSIGN_TEST_OTHER" } } };
    for (const changes of [{ issuer: "https://other.test" }, { keys: wrong }]) {
      await assert.rejects(start(changes), (error: unknown) => {
        if (!(error instanceof ConfigurationError)) return false;
        const [problem] = error.problems;
        assert.equal(problem?.path, "identityHeaders.assertion.keys");
        assert.doesNotMatch(JSON.stringify(error.problems), /correct horse|another passphrase/);
        return true;
      });
    }
  });
});
