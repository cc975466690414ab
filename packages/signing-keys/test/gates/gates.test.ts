import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import {
  createGates,
  findActive,
  type Gate,
  type GateAnswer,
  type GatedStepName,
  GateHoldsError,
  type GateQuestion,
  type KeyLedger,
  type KeyRecord,
  listNext,
  promoteKey,
  rotateKeys,
  startKeys,
} from "@countersign/signing-keys";
import { createSample, SAMPLE_OPTIONS, type SampleKeys } from "../kit/sample-keys.ts";
import { ScriptedVerifier } from "../kit/scripted-verifier.ts";

interface Scene {
  readonly keys: SampleKeys;
  readonly ledger: KeyLedger;
  readonly active: KeyRecord;
  readonly next: KeyRecord;
  readonly verifiers: readonly ScriptedVerifier[];
  readonly gates: readonly Gate[];
  ask(gate: string, step?: GatedStepName): Promise<GateAnswer>;
}

async function createScene(jwksUrls: readonly string[] = []): Promise<Scene> {
  const keys = createSample();
  const { ledger } = await startKeys(keys.manager, SAMPLE_OPTIONS);
  const active = findActive(ledger);
  const [next] = listNext(ledger);
  assert.ok(active !== undefined && next !== undefined);
  const verifiers = ["one", "two"].map((name) => new ScriptedVerifier(name));
  for (const verifier of verifiers) verifier.hold({ keyId: active.keyId }, { keyId: next.keyId });
  const { manager } = keys;
  const gates = createGates({
    verifiers,
    jwksUrls,
    canary: { claims: { aud: "https://api.example.com" } },
    findBackend: (name) => manager.findBackend(name),
    clock: () => manager.nowMs,
    timeoutMs: 1000,
  });
  const ask: Scene["ask"] = async (name, step = "promote") => {
    const gate = gates.find((each) => each.name === name);
    assert.ok(gate !== undefined, name);
    const question: GateQuestion = {
      step,
      ledger,
      key: step === "promote" ? next : active,
      nowMs: manager.nowMs,
    };
    return gate.check(question);
  };
  return { keys, ledger, active, next, verifiers, gates, ask };
}

const HELD: readonly (readonly [
  string,
  (verifier: ScriptedVerifier, kid: string) => void,
  string,
  RegExp,
])[] = [
  ["does not know the key", (verifier) => verifier.hold(), "closed", /two: it does not know the key yet/],
  ["refuses the key", (verifier, keyId) => verifier.hold({ keyId, state: "revoked" }), "closed", /revoked/],
  [
    "holds it of a set before only",
    (verifier, keyId) => verifier.hold({ keyId, state: "held" }),
    "closed",
    /held/,
  ],
  [
    "has a process that does not answer",
    (verifier) => {
      verifier.held = { ...verifier.held, answered: 1 };
    },
    "closed",
    /1 of its 2 processes do not answer/,
  ],
  [
    "has a process with older keys",
    (verifier) => {
      verifier.held = { ...verifier.held, upToDate: 1 };
    },
    "closed",
    /older keys/,
  ],
  [
    "has no process",
    (verifier) => {
      verifier.held = { ...verifier.held, judging: 0, answered: 0, upToDate: 0 };
    },
    "closed",
    /none of its processes/,
  ],
  [
    "does not answer",
    (verifier) => {
      verifier.isGone = true;
    },
    "unavailable",
    /two: it does not answer/,
  ],
];

describe("the gate of held keys", () => {
  it("opens where every process of every verifier holds the key", async () => {
    const { ask } = await createScene();
    assert.equal((await ask("verifier_keys")).status, "open");
    assert.equal((await ask("verifier_keys", "remove")).status, "open");
  });

  for (const [name, change, status, detail] of HELD) {
    it(`holds a promotion where one ${name}`, async () => {
      const { ask, verifiers, next } = await createScene();
      const [, two] = verifiers;
      assert.ok(two !== undefined);
      change(two, next.keyId);
      const answer = await ask("verifier_keys");
      assert.equal(answer.status, status);
      assert.match(answer.detail, detail);
      assert.doesNotMatch(answer.detail, /one:/);
    });
  }
});

describe("the gate of last uses", () => {
  it("holds a removal until a key was unused for L + 2E, by the controller's clock", async () => {
    const { ask, verifiers, active, keys } = await createScene();
    const [, two] = verifiers;
    assert.ok(two !== undefined);
    const quietMs = 45_000;
    const use = (agoMs: number, clockAheadMs = 0): void => {
      two.hold({ keyId: active.keyId, lastUsedAtMs: keys.manager.nowMs - agoMs + clockAheadMs });
      two.held = { ...two.held, clockAheadMs };
    };
    use(quietMs);
    const held = await ask("last_used", "remove");
    assert.equal(held.status, "closed");
    assert.match(held.detail, /two: it accepted a token of the key 45 s ago/);
    use(quietMs + 1);
    assert.equal((await ask("last_used", "remove")).status, "open");
    use(quietMs + 1, -60_000);
    assert.equal((await ask("last_used", "remove")).status, "open");
    use(quietMs, 60_000);
    assert.equal((await ask("last_used", "remove")).status, "closed");
    two.held = { ...two.held, answered: 1 };
    assert.equal((await ask("last_used", "remove")).status, "closed");
    assert.equal((await ask("last_used", "promote")).status, "open");
  });
});

describe("the gate of clocks", () => {
  it("holds where a verifier's clock, or that of its JWKS, is further off than E", async () => {
    const { ask, verifiers } = await createScene();
    const [, two] = verifiers;
    assert.ok(two !== undefined);
    for (const [clockAheadMs, uncertainty, sourceSkewSeconds, status] of [
      [5000, 0, 0, "open"],
      [5200, 250, 0, "open"],
      [5300, 250, 0, "closed"],
      [-5300, 250, null, "closed"],
      [0, 0, 6, "open"],
      [0, 0, -7, "closed"],
    ] as const) {
      two.held = { ...two.held, clockAheadMs, clockUncertaintyMs: uncertainty, sourceSkewSeconds };
      assert.equal((await ask("clock_skew")).status, status, `${clockAheadMs} ${String(sourceSkewSeconds)}`);
    }
  });
});

describe("the gate of canaries", () => {
  it("shows each verifier a token that the key itself signed, good for moments", async () => {
    const { ask, verifiers, next, keys } = await createScene();
    assert.equal((await ask("canary")).status, "open");
    const [token = ""] = verifiers[1]?.canaries ?? [];
    const [header, claims] = token
      .split(".")
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>);
    assert.deepEqual(header, { alg: "ES256", typ: "at+jwt", kid: next.keyId });
    assert.equal(claims?.["aud"], "https://api.example.com");
    assert.equal(claims?.["iss"], SAMPLE_OPTIONS.issuer);
    assert.equal(Number(claims?.["exp"]) - keys.manager.nowMs / 1000, 30);
  });

  it("holds where a process refuses it, says nothing, or the key cannot sign", async () => {
    const { ask, verifiers, keys } = await createScene();
    const [, two] = verifiers;
    assert.ok(two !== undefined);
    two.reasons = ["ok", "key_unknown"];
    assert.match((await ask("canary")).detail, /two: it refuses a token of the key: key_unknown/);
    two.reasons = ["ok"];
    assert.match((await ask("canary")).detail, /1 of its 2 processes say nothing/);
    two.reasons = ["ok", "ok"];
    keys.backend.keys.clear();
    assert.equal((await ask("canary")).status, "unavailable");
  });
});

interface Page {
  body: string;
  status: number;
  headers: Record<string, string>;
  readonly asked: (string | undefined)[];
}

async function servePage(): Promise<{ readonly page: Page; readonly url: string; readonly server: Server }> {
  const page: Page = { body: "", status: 200, headers: {}, asked: [] };
  const server = createServer((request, response: ServerResponse) => {
    page.asked.push(request.headers["cache-control"]);
    response.writeHead(page.status, page.headers).end(page.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { page, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks` };
}

describe("the gate of JWKS URLs", () => {
  it("opens where each URL serves the key, with and without caches, and nothing that it must not", async () => {
    const { page, url, server } = await servePage();
    try {
      const { ask, next, active } = await createScene([url]);
      const good = [active.publicJwk, next.publicJwk];
      const cases: readonly (readonly [unknown, Record<string, string>, string, RegExp])[] = [
        [{ keys: good }, {}, "open", /./],
        [{ keys: [active.publicJwk] }, {}, "closed", /it lacks the key/],
        [{ keys: [...good, next.publicJwk] }, {}, "closed", /two keys of one kid/],
        [{ keys: [active.publicJwk, { ...active.publicJwk, kid: next.keyId }] }, {}, "closed", /another key/],
        [{ keys: [active.publicJwk, { ...next.publicJwk, d: "x" }] }, {}, "closed", /private members/],
        [{ keys: good }, { "Cache-Control": "public, max-age=31" }, "closed", /max-age is 31 s.*30 \(C\)/],
        [{ keys: good }, { "Cache-Control": "max-age=30" }, "open", /./],
        [{ keys: good }, { Age: "21" }, "closed", /21 s already.*20 \(A\)/],
        [[], {}, "closed", /no JWKS/],
      ];
      for (const [body, headers, status, detail] of cases) {
        Object.assign(page, { body: JSON.stringify(body), headers });
        const answer = await ask("jwks");
        assert.equal(answer.status, status, JSON.stringify([body, headers, answer]));
        assert.match(answer.detail, detail);
      }
      assert.ok(page.asked.includes("no-cache") && page.asked.some((header) => header !== "no-cache"));
      page.status = 503;
      assert.equal((await ask("jwks")).status, "unavailable");
      Object.assign(page, { status: 200, headers: {}, body: " ".repeat(1_048_577) });
      assert.equal((await ask("jwks")).status, "unavailable");
      page.body = JSON.stringify({ keys: [next.publicJwk] });
      assert.match((await ask("jwks", "remove")).detail, /it lacks the key that signs/);
    } finally {
      server.close();
    }
  });
});

describe("a rotation with gates", () => {
  it("is held until all of them open, by rotate and by promote alike", async () => {
    const { keys, gates, verifiers, next } = await createScene();
    const { manager } = keys;
    const [, two] = verifiers;
    assert.ok(two !== undefined);
    two.hold();
    await rotateKeys(manager, { gates });
    keys.seconds = 1000;
    const held = await rotateKeys(manager, { gates });
    assert.deepEqual(
      held.holds.flatMap((hold) =>
        hold.kind === "gate"
          ? [hold.gates.filter(({ status }) => status !== "open").map(({ gate }) => gate)]
          : [],
      ),
      [["verifier_keys"]],
    );
    const promote = manager.apply(
      (ledger, context) => promoteKey(ledger, { ...context, keyId: next.keyId }),
      {
        gated: { step: "promote", keyId: () => next.keyId, gates },
      },
    );
    await assert.rejects(promote, GateHoldsError);
    two.hold({ keyId: next.keyId });
    const { ledger } = await rotateKeys(manager, { gates });
    assert.equal(findActive(ledger)?.keyId, next.keyId);
  });
});
