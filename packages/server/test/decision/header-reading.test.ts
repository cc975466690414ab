import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { HeaderReader, type WatchedHeader } from "../../src/decision/header-reading.ts";
import { createNamespace, isProxyHeader } from "../../src/decision/protected-headers.ts";

const reader = new HeaderReader("x-auth-");
const isOwn = createNamespace("x-auth-");

describe("headers that stand in a request more than once", () => {
  it("are found where they carry a token or an identity, in any case", () => {
    const twice = (first: string, second: string) =>
      reader.read([first, "a", "accept", "b", second, "a"]).repeated;
    assert.equal(twice("Authorization", "AUTHORIZATION"), "more than one Authorization header");
    assert.equal(twice("dpop", "DPoP"), "more than one DPoP header");
    assert.equal(twice("X-Auth-Subject", "x-auth-subject"), "an identity header twice");
    for (const [first, second] of [
      ["accept", "Accept"],
      ["cookie", "cookie"],
      ["x-forwarded-uri", "x-forwarded-uri"],
      ["x-auth-subject", "x-auth-issuer"],
      ["x-auth-subject", "x_auth_subject"],
      ["authorization", "x-authorization"],
    ] as const) {
      assert.equal(twice(first, second), undefined);
    }
  });

  it("keep all of their values, also empty ones", () => {
    const reading = reader.read(["Via", "", "via", "1.1 a", "VIA", ""]);
    assert.equal(reading.first("via"), "");
    assert.ok(reading.isRepeated("via"));
    assert.deepEqual(reading.values("via"), ["", "1.1 a", ""]);
    assert.equal(reading.isRepeated("host"), false);
    assert.deepEqual(reading.values("host"), []);
  });
});

describe("a header section that is read once", () => {
  const watched: readonly WatchedHeader[] = ["authorization", "connection", "host", "x-original-uri", "via"];
  const name = fc.oneof(
    fc.constantFrom(...watched, "Authorization", "CONNECTION", "X-Original-URI", "x_original_uri", "DPoP"),
    fc.constantFrom("X-Auth-Subject", "x_auth_subject", "X.AUTH.x", "X-Forwarded-For", "X_Real_IP", "accept"),
    fc.constantFrom(
      "X-HTTP-Method-Override",
      "x_http_method",
      "__proto__",
      "constructor",
      "",
      `x${"y".repeat(80)}`,
    ),
  );
  const headers = fc.array(fc.tuple(name, fc.constantFrom("", "a", "b, c")), { maxLength: 12 });

  it("says what looking at every header says", () => {
    fc.assert(
      fc.property(headers, (pairs) => {
        const reading = reader.read(pairs.flat());
        assert.deepEqual(reading.pairs, pairs);
        for (const asked of watched) {
          const values = pairs.filter(([other]) => other.toLowerCase() === asked).map(([, value]) => value);
          assert.deepEqual(reading.values(asked), values);
          assert.equal(reading.first(asked), values[0]);
          assert.equal(reading.isRepeated(asked), values.length > 1);
        }
        const names = pairs.map(([other]) => other);
        assert.deepEqual(
          reading.removable,
          names.filter((other) => isOwn(other) || isProxyHeader(other)),
        );
        const own = names.filter(isOwn).map((other) => other.toLowerCase());
        assert.deepEqual(reading.own, [...new Set(own)]);
        const once = names
          .map((other) => other.toLowerCase())
          .filter((other) => other === "authorization" || other === "dpop" || isOwn(other));
        assert.equal(reading.repeated !== undefined, new Set(once).size < once.length);
        assert.deepEqual(
          reading.methodOverrides,
          pairs.filter(([other]) => /^x.http.method(.override)?$/i.test(other)).map(([, value]) => value),
        );
        assert.deepEqual(reader.readPairs(pairs).raw, reading.raw);
      }),
    );
  });

  it("is the same however many other names were read before", () => {
    const other = new HeaderReader("x-id-");
    for (let index = 0; index < 2000; index += 1) {
      assert.deepEqual(other.read([`X_ID_${index}`, "1"]).own, [`x_id_${index}`]);
    }
    assert.deepEqual(other.read(["X-ID-0", "1", "X-Auth-Subject", "2"]).own, ["x-id-0"]);
  });

  it("leaves a last name without a value out", () => {
    assert.equal(reader.read(["host", "a", "authorization"]).first("authorization"), undefined);
  });

  it("finds as much in what a server has joined with commas", () => {
    fc.assert(
      fc.property(headers, (pairs) => {
        const joined = new Map<string, string>();
        for (const [name, value] of pairs) {
          const earlier = joined.get(name.toLowerCase());
          joined.set(name.toLowerCase(), earlier === undefined ? value : `${earlier}, ${value}`);
        }
        const asSent = reader.read(pairs.flat());
        const reading = reader.read([...joined].flat(), true);
        // Never less; more where a single value looks like two.
        if (asSent.repeated !== undefined) assert.notEqual(reading.repeated, undefined);
        for (const asked of watched)
          if (asSent.isRepeated(asked)) assert.ok(reading.isRepeated(asked), asked);
        assert.deepEqual(reading.own, asSent.own);
        assert.equal(reading.methodOverrides.length > 0, asSent.methodOverrides.length > 0);
      }),
    );
    assert.equal(reader.read(["x-original-uri", "/a,b"], true).isRepeated("x-original-uri"), false);
    assert.equal(reader.read(["authorization", "Bearer a,Bearer b"], true).repeated !== undefined, true);
    assert.equal(reader.read(["authorization", "Bearer a,Bearer b"]).repeated, undefined);
  });
});
