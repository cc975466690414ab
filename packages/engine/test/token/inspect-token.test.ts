import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspectToken } from "../../src/token/inspect-token.ts";

const encode = (text: string): string => Buffer.from(text).toString("base64url");
const HEADER = encode('{"alg":"ES256"}');

describe("an inspected token", () => {
  it("shows its header, its claims and how long its signature is, and no more", () => {
    const inspection = inspectToken(`${HEADER}.${encode('{"iss":"i"}')}.QUJD`);
    assert.deepEqual(JSON.parse(JSON.stringify(inspection)), {
      ok: true,
      verified: false,
      header: { alg: "ES256" },
      claims: { iss: "i" },
      signatureBytes: 3,
    });
  });

  it("is refused with the reason and both texts of validation", () => {
    assert.deepEqual(inspectToken("a.b"), {
      ok: false,
      reason: "malformed_token",
      expected: "three segments, the first not empty",
      found: "2 segments",
    });
  });

  it("has at most 65536 bytes", () => {
    const rest = `${HEADER}.${encode('{"iss":"i"}')}.`;
    const length = 65_536 - rest.length;
    // Lengths of 1 beyond a multiple of 4 are impossible, so that the edge is met from below.
    const signature = "A".repeat(length % 4 === 1 ? length - 1 : length);
    assert.equal(inspectToken(rest + signature).ok, true);
    const over = inspectToken("a".repeat(65_537));
    assert.deepEqual(over, {
      ok: false,
      reason: "token_too_large",
      expected: "at most 65536 bytes",
      found: "65537 bytes",
    });
    const within = inspectToken("a".repeat(65_536));
    assert.equal(within.ok ? undefined : within.reason, "malformed_token");
  });
});
