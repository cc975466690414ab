import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  createNamespace,
  findConnectionAbuse,
  findMethodOverride,
  foldHeaderName,
  isProxyHeader,
} from "../../src/decision/protected-headers.ts";

const isOwn = createNamespace("x-auth-");

describe("the namespace of identity headers", () => {
  it("holds every spelling that a CGI, WSGI or PHP server reads alike", () => {
    for (const name of [
      "x-auth-subject",
      "X-Auth-Subject",
      "X_AUTH_SUBJECT",
      "x.auth.subject",
      "x_auth-subject",
      "X-aUtH.Any_thing",
      "x~auth!y",
      "x-auth-",
    ]) {
      assert.equal(isOwn(name), true, name);
    }
  });

  it("holds nothing else", () => {
    for (const name of [
      "authorization",
      "x-authority",
      "xauth-subject",
      "x-auth",
      "my-x-auth-subject",
      "x-user",
    ]) {
      assert.equal(isOwn(name), false, name);
    }
  });
});

describe("headers by which proxies describe a request", () => {
  it("are known in every spelling", () => {
    for (const name of [
      "X-Forwarded-For",
      "X_Forwarded_Uri",
      "x.forwarded.host",
      "X-Forwarded-Anything",
      "Forwarded",
      "X-Original-URL",
      "X-Original-URI",
      "X-Rewrite-URL",
      "x-envoy-original-path",
      "Client-Cert",
      "CLIENT_CERT_CHAIN",
      "X-SSL-Client-Verify",
      "ssl-client-cert",
      "SSL_CLIENT_VERIFY",
      "X-Real-IP",
    ]) {
      assert.equal(isProxyHeader(name), true, name);
    }
    for (const name of ["accept", "x-request-id", "traceparent", "x-forward"])
      assert.equal(isProxyHeader(name), false, name);
  });
});

describe("findConnectionAbuse", () => {
  it("finds a Connection header that names what must arrive, in any place and spelling", () => {
    for (const value of [
      "x-auth-subject",
      "close, X-Auth-Subject",
      "keep-alive,x_auth_roles",
      " authorization ",
      "Cookie",
      "host",
      "x-forwarded-for",
      "content-length",
    ]) {
      assert.notEqual(findConnectionAbuse([value], isOwn), undefined, value);
    }
    assert.notEqual(findConnectionAbuse(["close", "x-auth-subject"], isOwn), undefined);
  });

  it("lets ordinary options pass", () => {
    for (const value of ["close", "keep-alive", "Upgrade, HTTP2-Settings", "", "x-custom"]) {
      assert.equal(findConnectionAbuse([value], isOwn), undefined, value);
    }
  });
});

it("a method is overridden only by another one", () => {
  assert.equal(findMethodOverride([" post "], "POST"), undefined);
  assert.notEqual(findMethodOverride([""], "POST"), undefined);
  assert.notEqual(findMethodOverride(["POST", "PUT"], "POST"), undefined);
  assert.equal(findMethodOverride([], "POST"), undefined);
});

it("folding gives the same however many other names were folded before", () => {
  for (let index = 0; index < 2000; index += 1) assert.equal(foldHeaderName(`X_N${index}`), `x-n${index}`);
  const long = `X_${"a".repeat(100)}`;
  assert.equal(foldHeaderName(long), `x-${"a".repeat(100)}`);
  assert.equal(foldHeaderName("X_N0"), "x-n0");
});
