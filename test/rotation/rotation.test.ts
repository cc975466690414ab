/** The identity provider changes its signing key under load: nobody is refused wrongly, and nobody let in. */

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { DevIdp } from "@countersign/dev-idp";
import type { DoorKind } from "../doors/describe-door.ts";
import { NGINX_DOOR, PROXY_DOOR } from "../doors/door-kinds.ts";
import { createForger, damageSignature, stripSignature, tamper } from "../kit/forge-tokens.ts";
import { sendRequest } from "../kit/send-request.ts";
import { startStack } from "../kit/start-stack.ts";
import { type Expectation, type LoadCounts, type Shot, sendLoad } from "./send-load.ts";

const CONNECTIONS = 16;
/** How long each state of the keys lasts under load. */
const PHASE_MS = 1500;
/** A removed key may verify until the copy is refreshed (every second here) and the answer has arrived. */
const REMOVAL_MS = 4000;
const REFILL_MS = 50;

/** Good tokens come from the token endpoint all the time; hostile ones are made of them. */
class Ammunition {
  readonly #idp: DevIdp;
  readonly #forge = createForger();
  readonly #hostile: Shot[] = [];
  #good: Shot[] = [];
  #early: Shot | undefined;
  #fired = 0;
  /** What a token of the first key is worth. */
  earlyExpectation: Expectation = "accept";

  constructor(idp: DevIdp) {
    this.#idp = idp;
  }

  async fill(): Promise<void> {
    const first = await this.#fetchToken();
    this.#early = { name: "token of the first key", token: first, expect: () => this.earlyExpectation };
    await this.refill();
    const never: Record<string, string> = {
      expired: await this.#idp.mintExpired(60),
      "wrong audience": await this.#idp.mintForAudience("https://reports.countersign.test"),
      tampered: tamper(first),
      damaged: damageSignature(first),
      unsigned: stripSignature(first),
      forged: this.#forge(first),
    };
    for (const [name, token] of Object.entries(never)) {
      this.#hostile.push({ name, token, expect: () => "refuse" });
    }
  }

  /** A token of the key that signs now, asked for over HTTP as clients do. */
  async refill(): Promise<void> {
    const token = await this.#fetchToken();
    const kid = readKid(token);
    const expect = (): Expectation => {
      const state = this.#idp.keys().find((key) => key.kid === kid)?.state;
      return state === undefined ? "either" : "accept";
    };
    this.#good = [{ name: "fresh token", token, expect }, ...this.#good].slice(0, 8);
    // Tampered with and forged after each change of the key too, under the kid of this moment.
    this.#hostile.splice(
      6,
      2,
      { name: "tampered fresh token", token: tamper(token), expect: () => "refuse" },
      {
        name: "forged fresh token",
        token: this.#forge(token),
        expect: () => "refuse",
      },
    );
  }

  next(): Shot {
    this.#fired += 1;
    const pool = this.#fired % 3 === 0 ? this.#hostile : this.#good;
    const shot = this.#fired % 7 === 0 ? this.#early : pool[this.#fired % pool.length];
    if (shot === undefined) throw new Error("Fill it before firing");
    return shot;
  }

  async #fetchToken(): Promise<string> {
    const response = await fetch(this.#idp.tokenEndpoint, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${this.#idp.clientId}:${this.#idp.clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "orders:read" }),
    });
    assert.equal(response.status, 200);
    return ((await response.json()) as { access_token: string }).access_token;
  }
}

function readKid(token: string): unknown {
  const [header = ""] = token.split(".");
  return (JSON.parse(Buffer.from(header, "base64url").toString("utf8")) as { kid?: unknown }).kid;
}

/** Published, then signing, then alone: the order in which real issuers rotate. */
async function rotateInPhases(idp: DevIdp, ammunition: Ammunition): Promise<void> {
  await delay(PHASE_MS);
  await idp.publishKey();
  await delay(PHASE_MS);
  idp.activateKey();
  await delay(PHASE_MS);
  ammunition.earlyExpectation = "either";
  idp.removeOldKeys();
  await delay(REMOVAL_MS);
  ammunition.earlyExpectation = "refuse";
  await delay(PHASE_MS);
}

async function refillUntil(signal: AbortSignal, ammunition: Ammunition): Promise<void> {
  while (!signal.aborted) {
    await ammunition.refill();
    await delay(REFILL_MS);
  }
}

function report(context: TestContext, counts: LoadCounts): void {
  context.diagnostic(
    `${counts.sent} requests on ${CONNECTIONS} connections through a rotation: ${counts.accepted} accepted, ` +
      `${counts.refused} refused, ${counts.wrongRefusals} wrong refusals, ` +
      `${counts.wrongAcceptances} wrong acceptances, ${counts.faults} faults`,
  );
}

interface Scenario {
  readonly idp: DevIdp;
  readonly url: string;
  readonly ammunition: Ammunition;
}

/** Fires at a front door while `act` runs, and gives what was counted. */
async function fireWhile(kind: DoorKind, act: (scenario: Scenario) => Promise<void>): Promise<LoadCounts> {
  const stack = await startStack();
  const door = await kind.open(stack);
  const ending = new AbortController();
  try {
    const { idp } = stack;
    assert.ok(idp !== undefined);
    await stack.sidecar.validator.ready();
    const ammunition = new Ammunition(idp);
    await ammunition.fill();
    const next = (): Shot => ammunition.next();
    const load = sendLoad({ url: door.url, connections: CONNECTIONS, signal: ending.signal, next });
    const refilling = refillUntil(ending.signal, ammunition);
    await act({ idp, url: door.url, ammunition });
    ending.abort();
    await refilling;
    return await load;
  } finally {
    ending.abort();
    await door.close();
    await stack.close();
  }
}

async function rotateUnderLoad(context: TestContext, kind: DoorKind): Promise<void> {
  const counts = await fireWhile(kind, async ({ idp, url, ammunition }) => {
    const early = await idp.mint();
    await rotateInPhases(idp, ammunition);
    assert.equal((await sendRequest({ url, token: early })).status, 401);
    assert.equal((await sendRequest({ url, token: await idp.mint() })).status, 200);
  });
  report(context, counts);
  assert.deepEqual(counts.mistakes, []);
  assert.equal(counts.wrongRefusals + counts.wrongAcceptances + counts.faults, 0);
  assert.ok(counts.accepted > 200 && counts.refused > 100, "there was a load");
}

describe("a key rotation of the running identity provider", () => {
  for (const kind of [NGINX_DOOR, PROXY_DOOR]) {
    it(`is not noticed by anyone behind ${kind.name}`, { skip: kind.skip }, (context) =>
      rotateUnderLoad(context, kind),
    );
  }

  it("that was not announced costs a 503 for a moment at most, never a 401", async (context) => {
    const counts = await fireWhile(PROXY_DOOR, async ({ idp, url }) => {
      for (let rotations = 0; rotations < 3; rotations += 1) {
        await idp.rotate();
        await delay(PHASE_MS);
        assert.equal((await sendRequest({ url, token: await idp.mint() })).status, 200);
      }
    });
    report(context, counts);
    assert.equal(counts.wrongRefusals + counts.wrongAcceptances, 0, counts.mistakes.join(", "));
    assert.deepEqual(
      counts.mistakes.filter((mistake) => !mistake.endsWith("fresh token: 503")),
      [],
    );
  });
});
