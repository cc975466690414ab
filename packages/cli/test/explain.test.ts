import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "./kit/run-cli.ts";
import { breakSignature, containsTokenBytes, createTestFolder, describeTestIssuer, NOW_SECONDS, signToken } from "./kit/test-tokens.ts";

const GOLDEN = `✓ token      form             a compact JWS of at most 8192 bytes
✓ issuer     iss              https://idp.example.com/
✓ algorithm  alg              Ed25519
✓ header     typ              at+jwt
✓ claims     claim forms      registered claims of the right type, where present
✓            required claims  iss, exp, aud
✗            exp              token_expired
    expected  exp later than now minus 30 s
    found     1768478100 (300 s ago)
    → Get a new token. If fresh tokens are refused, compare the clocks of the
      issuer and of this machine.
✓            nbf              nbf no later than now plus 30 s
✓            iat              1768477800 (600 s ago)
✓            lifetime         300 s
✓            order of times   exp later than iat and nbf
✗            aud              audience_mismatch
    expected  aud to name https://api.example.com
    found     "https://other.example.com"
    → Ask the issuer for a token for this audience (RFC 8707), or add the
      audience to \`audiences\`.
✓            token kind       an access token
✓            act              act nested at most 5 deep
✓ key        key              key-2026-01
✓ signature  signature        signed with Ed25519 by that key

✗ rejected  token_expired: exp has passed
    answered with HTTP 401
`;

test("explain lists every check with what it found, the failures with their remedy, and the verdict last", async () => {
  await using folder = await createTestFolder();
  const token = signToken({ iat: NOW_SECONDS - 600, exp: NOW_SECONDS - 300, aud: "https://other.example.com" });
  const { code, stdout, stderr } = await runCli(["explain", ...(await describeTestIssuer(folder))], { input: token });
  assert.equal(stdout, GOLDEN);
  assert.equal(stderr, "");
  assert.equal(code, 1);
  assert.equal(containsTokenBytes(stdout, token), false);
});

test("explain shows no claim of a token whose signature does not verify", async () => {
  await using folder = await createTestFolder();
  const token = breakSignature(signToken({ sub: "somebody-else", scope: "confidential", aud: "https://elsewhere.example.com" }));
  const { stdout, stderr } = await runCli(["explain", ...(await describeTestIssuer(folder))], { input: token });
  assert.match(stdout, /values of claims are not shown/);
  assert.doesNotMatch(stdout + stderr, /somebody-else|confidential|elsewhere/);
  assert.equal(containsTokenBytes(stdout + stderr, token), false);
});

test("explain --json gives verdict and steps, and the exit code of verify", async () => {
  await using folder = await createTestFolder();
  const { code, stdout } = await runCli(["explain", ...(await describeTestIssuer(folder)), "--json"], { input: signToken() });
  assert.equal(code, 0);
  const document = JSON.parse(stdout) as { verdict: { ok: boolean }; signatureVerified: boolean; steps: { outcome: string }[] };
  assert.equal(document.verdict.ok, true);
  assert.equal(document.signatureVerified, true);
  assert.ok(document.steps.length > 8);
  assert.ok(document.steps.every(({ outcome }) => outcome === "passed"));
});
