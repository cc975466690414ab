import assert from "node:assert/strict";
import { test } from "node:test";
import type { Explanation } from "countersign";
import { REASONS } from "countersign";
import { renderExplanation } from "../../src/output/explanation-report.ts";

// Made by hand, so that this text stays the same when the engine learns another check.
const EXPLANATION: Explanation = {
  signatureVerified: false,
  verdict: {
    ok: false,
    reason: "audience_mismatch",
    fault: "client",
    stage: "claims",
    message: REASONS.audience_mismatch.message,
  },
  steps: [
    { stage: "token", name: "form", outcome: "passed", expected: "a compact JWS of at most 8192 bytes" },
    {
      stage: "issuer",
      name: "iss",
      outcome: "passed",
      expected: "one of two",
      found: "https://idp.example.com/",
    },
    { stage: "claims", name: "exp", outcome: "passed", expected: "exp later than now" },
    {
      stage: "claims",
      name: "aud",
      outcome: "failed",
      reason: "audience_mismatch",
      expected: "aud to name https://api.example.com",
      found: "another\u001b[2J",
    },
    { stage: "key", name: "key", outcome: "failed", reason: "key_unknown" },
    { stage: "signature", name: "signature", outcome: "skipped" },
  ],
};

const GOLDEN = `✓ token      form       a compact JWS of at most 8192 bytes
✓ issuer     iss        https://idp.example.com/
✓ claims     exp        exp later than now
✗            aud        audience_mismatch
    expected  aud to name https://api.example.com
    found     another\\u{1b}[2J
    → Ask the issuer for a token for this audience (RFC 8707), or add the
      audience to \`audiences\`.
✗ key        key        key_unknown
    → Run \`countersign issuer check\`. The issuer signs with a key that it does
      not publish, or the token is not its own.
– signature  signature

The signature is not verified, so values of claims are not shown.

✗ rejected  audience_mismatch: aud names none of the configured audiences
    answered with HTTP 401
`;

test("an explanation is a list of checks, each failure with what to do, and the verdict last", () => {
  const { stdin, stdout, stderr } = process;
  const plain = (_style: unknown, text: string): string => text;
  const terminal = { stdin, stdout, stderr, paint: plain, paintError: plain, columns: 80 };
  assert.equal(renderExplanation(EXPLANATION, { terminal, at: undefined }), GOLDEN);
});
