import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createValidator } from "countersign";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import {
  ACCESS,
  API,
  EXCHANGE,
  type ExchangeStage,
  exchangeToken,
  getToken,
  introspect,
  JWT,
  OPAQUE,
  prove,
  REPORTS,
  revoke,
  SECRET,
  startStage,
} from "./exchange-kit.ts";
import { signInAs } from "./sign-in.ts";

function text(value: unknown): string {
  assert.equal(typeof value, "string");
  return String(value);
}

describe("token exchange", () => {
  let stage: ExchangeStage;
  before(async () => {
    stage = await startStage();
  });
  after(() => stage.idp.close());

  it("gives a narrower token for the target, in which the client acts for the user", async () => {
    const { idp } = stage;
    const user = await signInAs(idp, "user-ada");
    const { status, body, headers } = await exchangeToken(idp, user.access_token);
    assert.equal(status, 200);
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(body["issued_token_type"], ACCESS);
    assert.equal(body["token_type"], "Bearer");
    assert.equal(body["scope"], "orders:read");
    assert.equal(body["refresh_token"], undefined);
    const token = text(body["access_token"]);
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(idp.jwksUri)), {
      issuer: idp.issuer,
      audience: REPORTS,
      typ: "at+jwt",
    });
    const before = decodeJwt(user.access_token);
    assert.equal(payload.sub, "user-ada");
    assert.equal(payload["client_id"], "gateway");
    assert.deepEqual(payload["act"], { sub: "gateway", client_id: "gateway" });
    for (const name of ["roles", "acr", "auth_time"]) assert.deepEqual(payload[name], before[name]);
    assert.notEqual(payload.jti, before.jti);
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 60);
    assert.equal(body["expires_in"], 60);
  });

  it("gives tokens that our own strict profile takes, and oauth4webapi as a client", async () => {
    const { idp } = stage;
    const server = { issuer: idp.issuer, token_endpoint: idp.tokenEndpoint };
    const client = { client_id: "silent" };
    const subject = await getToken(idp, "stranger");
    const response = await oauth.genericTokenEndpointRequest(
      server,
      client,
      oauth.ClientSecretBasic(SECRET),
      EXCHANGE,
      { subject_token: subject, subject_token_type: JWT, audience: REPORTS },
      { [oauth.allowInsecureRequests]: true },
    );
    const tokens = await oauth.processGenericTokenEndpointResponse(server, client, response);
    const validator = createValidator({
      issuers: [
        {
          issuer: idp.issuer,
          audiences: [REPORTS],
          keys: { jwksUri: idp.jwksUri, insecureLoopbackHttp: true },
          profile: "rfc9068",
        },
      ],
    });
    try {
      const verdict = await validator.validate(tokens.access_token);
      assert.ok(verdict.ok, JSON.stringify(verdict));
      assert.equal(verdict.token.claims.sub, "stranger");
      // Impersonation, which this client alone may.
      assert.equal(verdict.token.claims["act"], undefined);
    } finally {
      await validator.close();
    }
  });

  it("writes each actor on top of those before, and ends chains at their bound", async () => {
    const { idp } = stage;
    let token = (await signInAs(idp, "user-ben")).access_token;
    const actors = ["gateway", "reporter", "gateway", "reporter"];
    for (const [index, by] of actors.entries()) {
      const { status, body } = await exchangeToken(idp, token, {
        by,
        resource: index % 2 === 0 ? REPORTS : API,
      });
      assert.equal(status, 200, JSON.stringify(body));
      token = text(body["access_token"]);
    }
    let act = decodeJwt(token)["act"] as Record<string, unknown> | undefined;
    const seen: unknown[] = [];
    for (; act !== undefined; act = act["act"] as typeof act) seen.push(act["sub"]);
    assert.deepEqual(seen, actors.toReversed());
    const { status, body } = await exchangeToken(idp, token);
    assert.equal(status, 400);
    assert.equal(body["error"], "invalid_request");
    assert.match(text(body["error_description"]), /4 actors/);
  });

  it("never outlives the subject's token, nor the actor's", async () => {
    const short = await startStage({ accessTokenTtlSeconds: 5 });
    try {
      const subject = await getToken(short.idp, "stranger");
      const { body } = await exchangeToken(short.idp, subject);
      assert.ok(Number(decodeJwt(text(body["access_token"])).exp) <= Number(decodeJwt(subject).exp));
    } finally {
      await short.idp.close();
    }
  });

  it("lets only whom the token names act for its subject, through every exchange", async () => {
    const { idp } = stage;
    const subject = await getToken(idp, "job");
    assert.deepEqual(decodeJwt(subject)["may_act"], { sub: "reporter" });
    const refused = await exchangeToken(idp, subject);
    assert.equal(refused.body["error"], "invalid_request");
    // An actor's token that was given to somebody else makes nobody the reporter.
    const stolen = await getToken(idp, "reporter");
    const spoofed = await exchangeToken(idp, subject, { actor_token: stolen, actor_token_type: ACCESS });
    assert.equal(spoofed.body["error"], "invalid_request");
    const atReports = await getToken(idp, "job", { resource: REPORTS });
    const granted = await exchangeToken(idp, atReports, { by: "reporter", resource: API });
    assert.equal(granted.status, 200);
    const onward = await exchangeToken(idp, text(granted.body["access_token"]));
    assert.equal(onward.body["error"], "invalid_request");
  });

  it("names the subject of an actor's token, where the client shows its own", async () => {
    const { idp } = stage;
    const subject = (await signInAs(idp, "user-cleo")).access_token;
    const actor = await getToken(idp, "gateway");
    const { body } = await exchangeToken(idp, subject, { actor_token: actor, actor_token_type: JWT });
    assert.deepEqual(decodeJwt(text(body["access_token"]))["act"], { sub: "gateway", client_id: "gateway" });
  });

  it("takes and gives opaque tokens, where they are known", async () => {
    const { idp } = stage;
    const { body } = await exchangeToken(idp, await getToken(idp, "stranger"), { resource: OPAQUE });
    const opaque = text(body["access_token"]);
    const told = await introspect(idp, opaque);
    assert.equal(told["active"], true);
    assert.equal(told["sub"], "stranger");
    assert.deepEqual(told["act"], { sub: "gateway", client_id: "gateway" });
    const back = await exchangeToken(idp, opaque, { by: "reporter", resource: API });
    assert.equal(back.status, 200);
    assert.equal(
      (await exchangeToken(idp, opaque, { by: "reporter", resource: API, subject_token_type: JWT })).status,
      400,
    );
    const asJwt = await exchangeToken(idp, await getToken(idp, "stranger"), {
      resource: OPAQUE,
      requested_token_type: JWT,
    });
    assert.equal(asJwt.body["error"], "invalid_request");
  });

  it("gives nothing for a token that was revoked, and takes back what it gave, to the last descendant", async () => {
    const { idp, told } = stage;
    const subject = await getToken(idp, "stranger");
    const child = text((await exchangeToken(idp, subject)).body["access_token"]);
    const grandchild = text(
      (await exchangeToken(idp, child, { by: "reporter", resource: API })).body["access_token"],
    );
    const opaque = text((await exchangeToken(idp, grandchild, { resource: OPAQUE })).body["access_token"]);
    const sibling = text((await exchangeToken(idp, await getToken(idp, "stranger"))).body["access_token"]);
    for (const token of [subject, child, grandchild, opaque]) {
      assert.equal((await introspect(idp, token))["active"], true);
    }
    const before = told.length;
    assert.equal((await revoke(idp, subject, "stranger")).status, 200);
    for (const token of [subject, child, grandchild, opaque]) {
      assert.deepEqual(await introspect(idp, token), { active: false });
    }
    assert.equal((await introspect(idp, sibling))["active"], true);
    assert.deepEqual(
      told.slice(before).map(({ tokenId }) => tokenId),
      [subject, child, grandchild].map((token) => decodeJwt(token).jti),
    );
    assert.equal((await exchangeToken(idp, subject)).body["error"], "invalid_request");
    assert.equal((await exchangeToken(idp, child, { by: "reporter", resource: API })).status, 400);
  });
});

describe("token exchange with keys", () => {
  let stage: ExchangeStage;
  before(async () => {
    stage = await startStage();
  });
  after(() => stage.idp.close());

  it("binds to the caller's key, and makes no bearer token of a bound one", async () => {
    const { idp } = stage;
    const users = await oauth.generateKeyPair("ES256");
    const own = await oauth.generateKeyPair("ES256");
    const asked = { grant_type: "client_credentials", scope: "orders:read" };
    const bound = await fetch(idp.tokenEndpoint, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`stranger:${SECRET}`)}`, ...(await prove(idp, users)) },
      body: new URLSearchParams(asked),
    });
    const subject = text(((await bound.json()) as Record<string, unknown>)["access_token"]);
    const without = await exchangeToken(idp, subject);
    assert.equal(without.body["error"], "invalid_request");
    const { body } = await exchangeToken(idp, subject, {}, await prove(idp, own));
    assert.equal(body["token_type"], "DPoP");
    const { cnf } = decodeJwt(text(body["access_token"]));
    assert.notDeepEqual(cnf, decodeJwt(subject)["cnf"]);
    assert.equal(typeof (cnf as Record<string, unknown>)["jkt"], "string");
  });

  it("takes a token that was given to the caller itself with the key of that token alone", async () => {
    const { idp } = stage;
    const own = await oauth.generateKeyPair("ES256");
    const other = await oauth.generateKeyPair("ES256");
    const first = await exchangeToken(
      idp,
      await getToken(idp, "stranger", { resource: REPORTS }),
      { by: "reporter", resource: API },
      await prove(idp, own),
    );
    assert.equal(first.status, 200, JSON.stringify(first.body));
    const actor = text(first.body["access_token"]);
    const subject = await getToken(idp, "stranger", { resource: REPORTS });
    const shown = { by: "reporter", resource: API, actor_token: actor, actor_token_type: ACCESS };
    const stolen = await exchangeToken(idp, subject, shown, await prove(idp, other));
    assert.equal(stolen.body["error"], "invalid_request");
    assert.equal((await exchangeToken(idp, subject, shown, await prove(idp, own))).status, 200);
  });

  it("refuses a proof that was used, or is none", async () => {
    const { idp } = stage;
    const headers = await prove(idp, await oauth.generateKeyPair("ES256"));
    const subject = await getToken(idp, "stranger");
    assert.equal((await exchangeToken(idp, subject, {}, headers)).status, 200);
    const again = await exchangeToken(idp, subject, {}, headers);
    assert.equal(again.body["error"], "invalid_dpop_proof");
    const broken = await exchangeToken(idp, subject, {}, { dpop: "x.y.z" });
    assert.equal(broken.body["error"], "invalid_dpop_proof");
  });
});
