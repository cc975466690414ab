/** What every front door must do, whatever it is made of: one table for nginx and for the built-in proxy. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { DevIdp } from "@countersign/dev-idp";
import type { ReasonName } from "countersign";
import { signInAs } from "../../packages/dev-idp/test/sign-in.ts";
import { createForger, damageSignature, stripSignature, tamper } from "../kit/forge-tokens.ts";
import { listSeen, type ReceivedAnswer, type RequestToSend, sendRequest } from "../kit/send-request.ts";
import { type Stack, startStack } from "../kit/start-stack.ts";

export interface Door {
  readonly url: string;
  close(): Promise<void>;
}

export interface DoorKind {
  readonly name: string;
  /** In the table of front doors. */
  readonly column: string;
  /** Reason for not running, or false. */
  readonly skip: string | false;
  /** The gateway makes a 503 of its own of the sidecar's, and nothing can be added to it. */
  readonly hasBareUnavailable?: true;
  open(stack: Stack): Promise<Door>;
}

/** Names under which a server may read what was sent as X-Auth-Subject. */
const SPELLINGS = [
  "X-Auth-Subject",
  "x-auth-subject",
  "X-AUTH-SUBJECT",
  "X_Auth_Subject",
  "X-Auth_Subject",
  "x_auth_subject",
  "X.Auth.Subject",
];

const OTHER_AUDIENCE = "https://reports.countersign.test";
const IDENTITY = ["x-auth-subject", "x-auth-issuer", "x-auth-client", "x-auth-scopes", "x-auth-roles"];
const OTHER_OWN_HEADERS = ["x-auth-status", "x-auth-reason"];

interface Place {
  readonly idp: DevIdp;
  readonly stack: Stack;
  send(request?: Omit<RequestToSend, "url">): Promise<ReceivedAnswer>;
  /** Sends a request that must be refused, for this reason, and must not reach the upstream. */
  sendRefused(reason: ReasonName, request: Omit<RequestToSend, "url">): Promise<ReceivedAnswer>;
}

function createPlace(stack: Stack, door: Door): Place {
  const send: Place["send"] = (request = {}) => sendRequest({ url: door.url, ...request });
  return {
    get idp() {
      if (stack.idp === undefined) throw new Error("This stack has no identity provider of its own");
      return stack.idp;
    },
    stack,
    send,
    async sendRefused(reason, request) {
      const before = stack.echo.count();
      stack.takeDecision();
      const answer = await send(request);
      assert.equal(stack.echo.count(), before, "the upstream was not reached");
      assert.equal(stack.takeDecision()?.reason, reason);
      return answer;
    },
  };
}

function describeAccepted(place: () => Place): void {
  it("lets a good token in and tells the upstream who it is, without the token", async () => {
    const { idp, send } = place();
    const { status, echo } = await send({ token: await idp.mint(), target: "/orders/1?x=%2F&y=a+b" });
    assert.equal(status, 200);
    assert.equal(echo?.target, "/orders/1?x=%2F&y=a+b");
    assert.deepEqual(listSeen(echo, "x-auth-subject"), [idp.clientId]);
    assert.deepEqual(listSeen(echo, "x-auth-client"), [idp.clientId]);
    assert.deepEqual(listSeen(echo, "x-auth-issuer"), [idp.issuer]);
    assert.deepEqual(listSeen(echo, "x-auth-scopes"), ["orders:read orders:write"]);
    assert.deepEqual(listSeen(echo, "authorization"), []);
  });

  it("hands the body on, which the decision did not need", async () => {
    const { idp, send } = place();
    const body = JSON.stringify({ note: "ü".repeat(20_000) });
    const { status, echo } = await send({ token: await idp.mint(), method: "POST", body });
    assert.equal(status, 200);
    assert.equal(echo?.method, "POST");
    assert.equal(echo?.body, body);
  });

  it("lets a user in who signed in, with their roles, and not with the ID token of the same sign-in", async () => {
    const { idp, send, sendRefused } = place();
    const { access_token: token, id_token: idToken = "" } = await signInAs(idp, "user-ada");
    const { status, echo } = await send({ token });
    assert.equal(status, 200);
    assert.deepEqual(listSeen(echo, "x-auth-subject"), ["user-ada"]);
    assert.deepEqual(listSeen(echo, "x-auth-client"), ["orders-app"]);
    assert.deepEqual(listSeen(echo, "x-auth-roles"), ["orders-admin"]);
    assert.equal((await sendRefused("type_mismatch", { token: idToken })).status, 401);
  });

  it("lets everyone in where the route says anonymous, as nobody", async () => {
    const { idp, send } = place();
    for (const token of [undefined, await idp.mint(), await idp.mintExpired()]) {
      const answer = await send({ target: "/public/index", ...(token === undefined ? {} : { token }) });
      assert.equal(answer.status, 200);
      for (const name of IDENTITY) assert.deepEqual(listSeen(answer.echo, name).join(""), "", name);
    }
  });
}

function describeRefused(place: () => Place): void {
  const forge = createForger();
  const hostile: Record<string, readonly [reason: ReasonName, make: (idp: DevIdp) => Promise<string>]> = {
    "an expired token": ["token_expired", (idp) => idp.mintExpired(60)],
    "a token for another audience": ["audience_mismatch", (idp) => idp.mintForAudience(OTHER_AUDIENCE)],
    "a token with other claims": ["signature_invalid", async (idp) => tamper(await idp.mint())],
    "an expired token whose expiry was moved": [
      "signature_invalid",
      async (idp) => tamper(await idp.mintExpired(), { exp: Math.floor(Date.now() / 1000) }),
    ],
    "a token with a damaged signature": [
      "signature_invalid",
      async (idp) => damageSignature(await idp.mint()),
    ],
    "an unsigned token": ["algorithm_not_allowed", async (idp) => stripSignature(await idp.mint())],
    "a token of another key under the issuer's kid": [
      "signature_invalid",
      async (idp) => forge(await idp.mint()),
    ],
    "no JWT at all": ["malformed_token", async () => "opaque"],
  };
  for (const [name, [reason, make]] of Object.entries(hostile)) {
    it(`refuses ${name} with 401 invalid_token`, async () => {
      const { idp, sendRefused } = place();
      const { status, headers } = await sendRefused(reason, { token: await make(idp) });
      assert.equal(status, 401);
      assert.match(headers["www-authenticate"] ?? "", /^Bearer .*error="invalid_token"/);
    });
  }

  it("asks for a token where there is none, without calling it an error", async () => {
    const { idp, sendRefused } = place();
    const token = await idp.mint();
    for (const request of [
      {},
      { headers: [["Authorization", `Basic ${btoa("a:b")}`]] as const },
      { target: `/orders/1?access_token=${token}` },
    ]) {
      const { status, headers } = await sendRefused("missing_token", request);
      assert.equal(status, 401);
      assert.match(headers["www-authenticate"] ?? "", /^Bearer/);
      assert.doesNotMatch(headers["www-authenticate"] ?? "", /error=/);
    }
  });

  it("refuses a token of another key under an unknown kid", async () => {
    const { idp, send, stack } = place();
    stack.takeDecision();
    const { status } = await send({ token: forge(await idp.mint(), "unknown") });
    // The second where the kid could not be looked up yet, because a fetch was made just before.
    const expected = stack.takeDecision()?.reason === "keys_stale" ? 503 : 401;
    assert.equal(status, expected);
  });

  it("refuses two credentials, even if one of them is good", async () => {
    const { idp, send, stack } = place();
    const before = stack.echo.count();
    stack.takeDecision();
    const { status } = await send({ token: await idp.mint(), headers: [["authorization", "Bearer opaque"]] });
    assert.equal(status, 400);
    assert.equal(stack.echo.count(), before);
    // nginx refuses it by itself, and does not ask.
    assert.ok(["malformed_request", undefined].includes(stack.takeDecision()?.reason));
  });

  it("refuses a token without the route's scope with 403", async () => {
    const { idp, sendRefused, send } = place();
    const response = await fetch(idp.tokenEndpoint, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${idp.clientId}:${idp.clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "orders:read" }),
    });
    const { access_token: token } = (await response.json()) as { access_token: string };
    assert.equal((await send({ token })).status, 200);
    assert.equal((await sendRefused("scope_insufficient", { token, method: "POST" })).status, 403);
  });

  it("refuses what no route names, with 403 and also with a good token", async () => {
    const { idp, sendRefused } = place();
    const token = await idp.mint();
    for (const request of [
      { target: "/admin" },
      { target: "/orders/1", method: "DELETE" },
      { target: "/" },
    ]) {
      assert.equal((await sendRefused("policy_denied", { token, ...request })).status, 403);
    }
  });

  it("is not talked into another path than the one that is asked for", async () => {
    const { sendRefused, send, stack } = place();
    const lies = [
      "X-Original-URI",
      "X-Original-Method",
      "X-Forwarded-Uri",
      "X-Rewrite-Url",
      "X-Envoy-Original-Path",
    ];
    for (const name of lies) {
      const { status } = await sendRefused("missing_token", { headers: [[name, "/public/index"]] });
      assert.equal(status, 401, name);
    }
    const paths = [
      "/public/../orders/1",
      "/public/%2e%2e/orders/1",
      "/public/..%2forders/1",
      "/public\\..\\orders/1",
    ];
    for (const target of [...paths, "//orders/1", "/public/..;/orders/1", "/public/%5c../orders/1"]) {
      const before = stack.echo.count();
      stack.takeDecision();
      const { status } = await send({ target });
      assert.ok([400, 401].includes(status), `${target}: ${status}`);
      assert.equal(stack.echo.count(), before, `${target} did not reach the upstream`);
      // Some gateways make one path of it before they ask: then that one is asked for, and needs a token.
      const reason = stack.takeDecision()?.reason;
      assert.ok(["malformed_request", "missing_token", undefined].includes(reason), `${target}: ${reason}`);
    }
  });
}

function describeSmuggling(place: () => Place): void {
  for (const spelling of SPELLINGS) {
    it(`hands on no identity that a client wrote itself as ${spelling}`, async () => {
      const { idp, send } = place();
      const once = [
        [spelling, "user-root"],
        ["X-Auth-Roles", "admin"],
      ] as const;
      const known = await send({ token: await idp.mint(), headers: once });
      assert.deepEqual(listSeen(known.echo, "x-auth-subject"), [idp.clientId]);
      assert.deepEqual(listSeen(known.echo, "x-auth-roles").join(""), "");
      const nobody = await send({ target: "/public/index", headers: once });
      assert.equal(nobody.status, 200);
      assert.deepEqual(listSeen(nobody.echo, "x-auth-subject").join(""), "");
      assert.deepEqual(listSeen(nobody.echo, "x-auth-roles").join(""), "");
      const twice = await send({ target: "/public/index", headers: [[spelling, "user-root"], ...once] });
      // Where the gateway has not taken them away, a header of the namespace that is there twice is refused.
      if (twice.status === 200) assert.deepEqual(listSeen(twice.echo, "x-auth-subject").join(""), "");
      else assert.ok([400, 401].includes(twice.status), String(twice.status));
    });
  }

  it("hands on nothing that a client wrote under the sidecar's other names", async () => {
    const { idp, send } = place();
    for (const name of [...IDENTITY, ...OTHER_OWN_HEADERS]) {
      const { echo } = await send({ token: await idp.mint(), headers: [[name, "forged-by-client"]] });
      assert.doesNotMatch(listSeen(echo, name).join(","), /forged-by-client/, name);
    }
  });

  it("hands on nothing under names of the namespace that nobody configured", async () => {
    const { idp, send } = place();
    const { echo } = await send({
      token: await idp.mint(),
      headers: [["X-Auth-Tenant", "forged-by-client"]],
    });
    assert.deepEqual(listSeen(echo, "x-auth-tenant"), []);
  });

  it("does not let a client's Connection header take the identity away", async () => {
    const { idp, send } = place();
    const answer = await send({
      token: await idp.mint(),
      headers: [["Connection", "close, X-Auth-Subject"]],
    });
    if (answer.status === 200) assert.deepEqual(listSeen(answer.echo, "x-auth-subject"), [idp.clientId]);
    else assert.equal(answer.status, 400);
  });
}

/** The whole table for one kind of front door. */
export function describeDoor(kind: DoorKind): void {
  describe(kind.name, { skip: kind.skip }, () => {
    let stack: Stack;
    let door: Door;
    before(async () => {
      stack = await startStack();
      door = await kind.open(stack);
      await stack.sidecar.validator.ready();
    });
    after(async () => {
      await door.close();
      await stack.close();
    });
    const place = (): Place => createPlace(stack, door);
    describeAccepted(place);
    describeRefused(place);
    describeSmuggling(place);
  });
}
