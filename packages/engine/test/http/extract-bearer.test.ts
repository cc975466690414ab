import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { describe, test } from "node:test";
import type { BearerExtraction } from "countersign/http";
import {
  extractBearer,
  MAX_AUTHORIZATION_CHARACTERS,
  pairRawHeaders,
  rejectExtraction,
} from "countersign/http";
import fc from "fast-check";

const TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";

function extract(value: string): BearerExtraction {
  return extractBearer([value]);
}

describe("extractBearer", () => {
  for (const scheme of ["Bearer", "bearer", "BEARER", "bEaReR"]) {
    test(`takes the token behind ${scheme}`, () => {
      assert.deepEqual(extract(`${scheme} ${TOKEN}`), { kind: "token", scheme: "Bearer", token: TOKEN });
    });
  }

  test("tells a DPoP token from a bearer token", () => {
    assert.deepEqual(extract(`dpop ${TOKEN}`), { kind: "token", scheme: "DPoP", token: TOKEN });
  });

  test("takes any number of spaces between scheme and token, as RFC 9110 does", () => {
    assert.deepEqual(extract(`Bearer    ${TOKEN}`), { kind: "token", scheme: "Bearer", token: TOKEN });
  });

  test("takes every token68 character, and padding at the end only", () => {
    assert.equal(extract("Bearer aZ09-._~+/==").kind, "token");
    assert.equal(extract("Bearer a=b").kind, "malformed");
    assert.equal(extract("Bearer =").kind, "malformed");
  });

  const absent: readonly (readonly [string, readonly string[]])[] = [
    ["no header at all", []],
    ["Basic", ["Basic dXNlcjpwYXNz"]],
    ["a scheme alone", ["Negotiate"]],
    ["a bare token without a scheme", [TOKEN]],
    ["a scheme that only begins like Bearer", [`Bearertoken ${TOKEN}`]],
    ["Digest with its commas", ['Digest username="a, b \\" c", realm="r",, nonce = "n", qop=auth']],
    ["a quoted comma and Bearer inside a parameter", ['Digest realm="x, Bearer y"']],
    ["AWS signatures", ["AWS4-HMAC-SHA256 Credential=AK/2026/us, SignedHeaders=host;date, Signature=ab"]],
  ];
  for (const [name, values] of absent) {
    test(`sees no access token in ${name}`, () => {
      assert.deepEqual(extractBearer(values), { kind: "absent" });
    });
  }

  const malformed: readonly (readonly [string, string])[] = [
    ["a scheme without a token", "Bearer"],
    ["a scheme with spaces only", "Bearer   "],
    ["an empty value", ""],
    ["a leading space", ` Bearer ${TOKEN}`],
    ["a trailing space", `Bearer ${TOKEN} `],
    ["a tab behind the scheme", `Bearer\t${TOKEN}`],
    ["a slash behind the scheme", `Bearer/${TOKEN}`],
    ["a tab behind another scheme", "Basic\tdXNlcjpwYXNz"],
    ["a tab before the token", `Bearer \t${TOKEN}`],
    ["a second token", `Bearer ${TOKEN} ${TOKEN}`],
    ["two credentials joined by a comma", `Bearer ${TOKEN}, Bearer ${TOKEN}`],
    ["two credentials joined without white space", `Bearer ${TOKEN},${TOKEN}`],
    ["a trailing comma", `Bearer ${TOKEN},`],
    ["a comma as scheme", `Bearer, ${TOKEN}`],
    ["a parameter instead of a token", `Bearer token="${TOKEN}"`],
    ["a quoted token", `Bearer "${TOKEN}"`],
    ["a line break", `Bearer ${TOKEN}\r\nX-User: admin`],
    ["a NUL", `Bearer ${TOKEN}\u0000`],
    ["a letter outside ASCII", `Bearer ${TOKEN}é`],
    ["a no-break space", `Bearer\u00a0${TOKEN}`],
    ["a Kelvin sign in the scheme", `Bearer\u212a ${TOKEN}`],
    ["a bearer token behind Basic", `Basic dXNlcjpwYXNz, Bearer ${TOKEN}`],
    ["Basic twice", "Basic dXNlcjpwYXNz, Basic dXNlcjpwYXNz"],
    ["a bearer token behind Digest", `Digest username="a", realm="b", Bearer ${TOKEN}`],
    ["a bearer token behind an open quote", `Digest username="a, Bearer ${TOKEN}`],
    ["a scheme behind a comma", "Basic dXNlcjpwYXNz, Bearer"],
  ];
  for (const [name, value] of malformed) {
    test(`refuses ${name} as malformed`, () => {
      assert.equal(extract(value).kind, "malformed");
    });
  }

  test("refuses repeated headers, whatever they hold and however their names are written", () => {
    const pairs = [
      ["authorization", `Bearer ${TOKEN}`],
      ["accept", "text/plain"],
      ["AUTHORIZATION", `Bearer ${TOKEN}`],
    ] as const;
    assert.equal(extractBearer(pairs).kind, "malformed");
    assert.equal(extractBearer([`Bearer ${TOKEN}`, "Basic dXNlcjpwYXNz"]).kind, "malformed");
    assert.equal(extractBearer(["", ""]).kind, "malformed");
  });

  test("finds repetitions that Headers has joined", () => {
    const headers = new Headers({ authorization: `Bearer ${TOKEN}` });
    assert.equal(extractBearer(headers).kind, "token");
    headers.append("Authorization", "Basic dXNlcjpwYXNz");
    assert.equal(extractBearer(headers).kind, "malformed");
  });

  test("looks at no other header, and not at names that only look alike", () => {
    const pairs = [
      ["proxy-authorization", `Bearer ${TOKEN}`],
      ["authorization_", `Bearer ${TOKEN}`],
      ["cookie", `access_token=${TOKEN}`],
    ] as const;
    assert.deepEqual(extractBearer(pairs), { kind: "absent" });
  });

  test("bounds the length of what it reads", () => {
    const room = MAX_AUTHORIZATION_CHARACTERS - "Bearer ".length;
    assert.equal(extract(`Bearer ${"a".repeat(room)}`).kind, "token");
    assert.equal(extract(`Bearer ${"a".repeat(room + 1)}`).kind, "malformed");
  });

  test("never throws, and gives only tokens that stand in the header as they are", () => {
    const near = fc.string({
      unit: fc.constantFrom("Bearer", "DPoP", " ", "\t", ",", "=", '"', "\\", "a", ".", "é", "\n"),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: "binary" }), near), { maxLength: 3 }), (values) => {
        const extraction = extractBearer(values);
        if (extraction.kind !== "token") return;
        assert.equal(values.length, 1);
        assert.match(values[0] ?? "", /^(bearer|dpop) +[A-Za-z0-9\-._~+/]+=*$/i);
        assert.ok((values[0] ?? "").endsWith(` ${extraction.token}`));
      }),
      { numRuns: 2000 },
    );
  });

  test("shows nothing of the request in what it says about it", () => {
    const extraction = extract("Bearer canary-4711 canary-4711");
    assert.ok(extraction.kind === "malformed");
    assert.ok(!JSON.stringify(rejectExtraction(extraction)).includes("4711"));
  });
});

describe("rejectExtraction", () => {
  test("gives the reasons of the contract", () => {
    assert.equal(rejectExtraction({ kind: "absent" }).reason, "missing_token");
    const rejected = rejectExtraction({ kind: "malformed", detail: "a scheme without a token" });
    assert.deepEqual([rejected.ok, rejected.reason, rejected.fault], [false, "malformed_request", "client"]);
    assert.equal(rejected.found, "a scheme without a token");
  });
});

describe("pairRawHeaders", () => {
  test("keeps the repetitions that a real node:http request carries", async () => {
    const kinds: string[] = [];
    const server = createServer((request, response) => {
      kinds.push(extractBearer(pairRawHeaders(request.rawHeaders)).kind);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    for (const lines of [
      ["Authorization: Bearer abc"],
      ["Authorization: Bearer abc", "authorization: Bearer abc"],
    ]) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(port, "127.0.0.1", () => {
          socket.write(
            ["GET / HTTP/1.1", "Host: localhost", "Connection: close", ...lines, "", ""].join("\r\n"),
          );
        });
        socket
          .on("close", () => resolve())
          .on("error", reject)
          .resume();
      });
    }
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(kinds, ["token", "malformed"]);
  });

  test("drops a name without a value", () => {
    assert.deepEqual(pairRawHeaders(["a", "1", "b"]), [["a", "1"]]);
  });
});
