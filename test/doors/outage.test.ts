/** What clients see when the sidecar cannot decide: never 200, and never 401, which would send them for new tokens. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type DevIdp, startDevIdp } from "@countersign/dev-idp";
import { type ReceivedAnswer, sendRequest } from "../kit/send-request.ts";
import { type Stack, startStack } from "../kit/start-stack.ts";
import type { Door, DoorKind } from "./describe-door.ts";
import { DOOR_KINDS, NGINX_DOOR } from "./door-kinds.ts";

const RECOVERY_MS = 20_000;
const PAUSE_MS = 100;

/** Repeats a request until it is answered so; fails at the end of the time allowed for recovery. */
async function waitFor(status: number, ask: () => Promise<{ readonly status: number }>): Promise<void> {
  const until = Date.now() + RECOVERY_MS;
  for (;;) {
    const answer = await ask();
    if (answer.status === status) return;
    if (Date.now() > until) assert.fail(`still ${answer.status} after ${RECOVERY_MS} ms, expected ${status}`);
    await delay(PAUSE_MS);
  }
}

function assertUnavailable(answer: ReceivedAnswer, kind: DoorKind): void {
  assert.equal(answer.status, 503);
  assert.equal(answer.headers["www-authenticate"], undefined);
  if (kind.hasBareUnavailable) return;
  assert.match(answer.headers["cache-control"] ?? "", /no-store/);
}

function describeOutage(kind: DoorKind): void {
  describe(`${kind.name}, while the identity provider is down and was never reached`, {
    skip: kind.skip,
  }, () => {
    let stack: Stack;
    let door: Door;
    let token: string;
    let port: number;
    before(async () => {
      const earlier = await startDevIdp({ log: () => {} });
      token = await earlier.mint();
      port = Number(new URL(earlier.issuer).port);
      await earlier.close();
      stack = await startStack({ issuer: earlier.issuer });
      door = await kind.open(stack);
    });
    after(async () => {
      await door.close();
      await stack.close();
    });

    it("answers 503 with Retry-After to a token that may well be good", async () => {
      stack.takeDecision();
      const answer = await sendRequest({ url: door.url, token });
      assertUnavailable(answer, kind);
      if (kind.hasBareUnavailable !== true) assert.match(answer.headers["retry-after"] ?? "", /^\d+$/);
      assert.equal(stack.takeDecision()?.reason, "keys_unavailable");
      assert.equal(stack.echo.count(), 0);
    });

    it("still refuses what needs no key to be refused, and lets in what needs no token", async () => {
      assert.equal((await sendRequest({ url: door.url })).status, 401);
      assert.equal((await sendRequest({ url: door.url, token: "opaque" })).status, 401);
      assert.equal((await sendRequest({ url: door.url, target: "/public/index" })).status, 200);
    });

    it("says on its health endpoints that it lives and is not ready", async () => {
      assert.equal((await fetch(`${stack.adminUrl}/healthz/live`)).status, 200);
      assert.equal((await fetch(`${stack.adminUrl}/healthz/ready`)).status, 503);
    });

    it("serves again, without a restart, once the provider is there", async () => {
      const idp: DevIdp = await startDevIdp({ port, log: () => {} });
      try {
        const fresh = await idp.mint();
        await waitFor(200, () => sendRequest({ url: door.url, token: fresh }));
        await waitFor(200, () => fetch(`${stack.adminUrl}/healthz/ready`));
        // The earlier provider's key is not among the new one's: now it can be said that the token is bad.
        await waitFor(401, () => sendRequest({ url: door.url, token }));
      } finally {
        await idp.close();
      }
    });

    it("goes on with the keys it has when the provider goes away again", async () => {
      const idp = await startDevIdp({ port, log: () => {} });
      const fresh = await idp.mint();
      await waitFor(200, () => sendRequest({ url: door.url, token: fresh }));
      await idp.close();
      await delay(1500);
      assert.equal((await sendRequest({ url: door.url, token: fresh })).status, 200);
    });
  });
}

for (const kind of DOOR_KINDS) describeOutage(kind);

describe("nginx whose sidecar is gone", { skip: NGINX_DOOR.skip }, () => {
  it("answers 503 to everyone, also on paths that were open", async () => {
    const stack = await startStack();
    const door = await NGINX_DOOR.open(stack);
    try {
      const token = (await stack.idp?.mint()) ?? "";
      await stack.sidecar.close();
      assertUnavailable(await sendRequest({ url: door.url, token }), NGINX_DOOR);
      assertUnavailable(await sendRequest({ url: door.url, target: "/public/index" }), NGINX_DOOR);
      assert.equal(stack.echo.count(), 0);
    } finally {
      await door.close();
      await stack.close();
    }
  });
});

for (const kind of DOOR_KINDS.filter(({ column }) => column !== "proxy")) {
  describe(`${kind.name}, while the sidecar is gone`, { skip: kind.skip }, () => {
    it("lets nobody in, and does not call it the client's fault", async () => {
      const stack = await startStack();
      const door = await kind.open(stack);
      try {
        const token = (await stack.idp?.mint()) ?? "";
        assert.equal((await sendRequest({ url: door.url, token })).status, 200);
        const before = stack.echo.count();
        await stack.sidecar.close();
        for (const request of [{ token }, { target: "/public/index" }]) {
          const { status } = await sendRequest({ url: door.url, ...request });
          assert.ok([500, 502, 503].includes(status), String(status));
        }
        assert.equal(stack.echo.count(), before);
      } finally {
        await door.close();
        await stack.close();
      }
    });
  });
}
