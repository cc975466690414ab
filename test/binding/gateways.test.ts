/** Bound tokens through every gateway that is installed: the proof is for the URL that the client asked, not for ours. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DpopNonces } from "../../packages/engine/src/binding/dpop-nonces.ts";
import type { Door } from "../doors/describe-door.ts";
import { DOOR_KINDS } from "../doors/door-kinds.ts";
import { listSeen, sendRequest } from "../kit/send-request.ts";
import { type Stack, startStack } from "../kit/start-stack.ts";
import {
  type BoundToken,
  getBoundToken,
  getResource,
  giveNonce,
  isNonceError,
  recordHeaders,
} from "./bound-token.ts";

const NONCE_SECRET = Buffer.alloc(32, 5).toString("base64url");
const STEP_SECONDS = 60;
/** They hand on headers of an answer that allows to the upstream, and none to the client. */
const CARRIES_NOTHING = /^(?:Traefik|Caddy) /;

interface Stacks {
  readonly plain: Stack;
  /** Asks for nonces. */
  readonly asking: Stack;
}

describe("a bound token", () => {
  let stacks: Stacks;
  before(async () => {
    const binding = `{ dpop: { nonce: { secrets: [{ base64url: ${NONCE_SECRET} }] } } }`;
    stacks = { plain: await startStack(), asking: await startStack({ binding }) };
    await Promise.all([stacks.plain, stacks.asking].map(({ sidecar }) => sidecar.validator.ready()));
  });
  after(() => Promise.all([stacks.plain.close(), stacks.asking.close()]));

  for (const kind of DOOR_KINDS) {
    describe(`through ${kind.name}`, { skip: kind.skip }, () => {
      let door: Door;
      let bound: BoundToken;
      before(async () => {
        assert.ok(stacks.plain.idp !== undefined);
        door = await kind.open(stacks.plain);
        bound = await getBoundToken(stacks.plain.idp);
      });
      after(() => door.close());

      /** Sends what the client would send for a target, and tells what became of it. */
      const send = async (changes: { readonly provedTarget?: string; readonly scheme?: string } = {}) => {
        const target = "/orders/1?page=2";
        const url = new URL(changes.provedTarget ?? target, door.url);
        const { authorization, dpop } = await recordHeaders(bound, url);
        const headers = [
          ["Authorization", authorization.replace(/^DPoP/i, changes.scheme ?? "DPoP")],
          ["DPoP", dpop],
        ] as const;
        const again = () => sendRequest({ url: door.url, target, headers });
        return { answer: await again(), again };
      };

      it("passes with a proof, once, and the upstream sees neither", async () => {
        const { answer, again } = await send();
        assert.equal(answer.status, 200, JSON.stringify(answer.headers));
        assert.deepEqual(listSeen(answer.echo, "x-auth-subject"), [stacks.plain.idp?.clientId]);
        assert.deepEqual(listSeen(answer.echo, "authorization"), []);
        assert.deepEqual(listSeen(answer.echo, "dpop"), []);
        const replayed = await again();
        assert.equal(replayed.status, 401);
        assert.match(replayed.headers["www-authenticate"] ?? "", /^DPoP .*error="invalid_dpop_proof"/);
      });

      it("does not pass under Bearer, nor with a proof for another target", async () => {
        const downgraded = await send({ scheme: "Bearer" });
        assert.equal(downgraded.answer.status, 401);
        assert.match(downgraded.answer.headers["www-authenticate"] ?? "", /error="invalid_token"/);
        const elsewhere = await send({ provedTarget: "/orders/2" });
        assert.equal(elsewhere.answer.status, 401);
        assert.match(elsewhere.answer.headers["www-authenticate"] ?? "", /error="invalid_dpop_proof"/);
      });

      it("is asked for a nonce where the sidecar wants one, and passes with it", async () => {
        const { idp } = stacks.asking;
        assert.ok(idp !== undefined);
        const asking = await kind.open(stacks.asking);
        try {
          const token = await getBoundToken(idp);
          const ask = () => getResource(token, new URL("/orders/1", asking.url));
          await assert.rejects(ask, (error) => isNonceError(error));
          assert.equal((await ask()).status, 200);
        } finally {
          await asking.close();
        }
      });

      it("brings the next nonce with the application's answer where the gateway can carry it", async () => {
        const { idp } = stacks.asking;
        assert.ok(idp !== undefined);
        const asking = await kind.open(stacks.asking);
        try {
          const token = await getBoundToken(idp);
          const url = new URL("/orders/1", asking.url);
          const secrets = [Buffer.from(NONCE_SECRET, "base64url")];
          const nonces = new DpopNonces({ secrets, stepSeconds: STEP_SECONDS });
          await giveNonce(token, url, await nonces.current(Date.now() - STEP_SECONDS * 1000));
          const response = await getResource(token, url);
          assert.equal(response.status, 200);
          const brought = response.headers.get("dpop-nonce");
          assert.equal(brought !== null, !CARRIES_NOTHING.test(kind.name), String(brought));
        } finally {
          await asking.close();
        }
      });
    });
  }
});
