import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createPresentation, extractProofs, pairRawHeaders } from "countersign/http";

describe("createPresentation", () => {
  const request = { method: "GET", url: "https://api.test/orders" };

  test("takes the scheme, the method and the URL, and no proofs and no certificate where there are none", () => {
    assert.deepEqual(createPresentation({ scheme: "Bearer" }, { ...request, headers: [] }), {
      scheme: "Bearer",
      proofs: [],
      ...request,
    });
  });

  test("takes the proofs and the certificate", () => {
    const certificate = Uint8Array.of(0x30);
    const headers = new Headers({ dpop: "proof", authorization: "DPoP token" });
    assert.deepEqual(createPresentation({ scheme: "DPoP" }, { ...request, headers, certificate }), {
      scheme: "DPoP",
      proofs: ["proof"],
      ...request,
      certificate,
    });
  });
});

describe("extractProofs", () => {
  test("finds fields in any case, and keeps repetitions apart (RFC 9449 section 4.3, item 1)", () => {
    const rawHeaders = ["DPoP", "one", "Host", "api.test", "dPoP", "two", "DPoP-Nonce", "n", "X-DPoP", "x"];
    assert.deepEqual(extractProofs(pairRawHeaders(rawHeaders)), ["one", "two"]);
  });

  test("keeps an empty field, which is one", () => {
    assert.deepEqual(extractProofs([["DPoP", ""]]), [""]);
  });

  test("leaves what Headers has joined as one text, which is no proof", () => {
    const headers = new Headers({ dpop: "one" });
    headers.append("DPoP", "two");
    assert.deepEqual(extractProofs(headers), ["one, two"]);
  });

  test("stops after two, since two are too many", () => {
    function* endless(): Generator<readonly [string, string]> {
      for (;;) yield ["dpop", "proof"];
    }
    assert.deepEqual(extractProofs(endless()), ["proof", "proof"]);
  });
});
