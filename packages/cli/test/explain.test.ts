import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "./kit/run-cli.ts";
import {
  breakSignature,
  containsTokenBytes,
  createTestFolder,
  describeTestIssuer,
  NOW_SECONDS,
  signToken,
} from "./kit/test-tokens.ts";

test("explain lists every check with what it found, the failures with their remedy, and the verdict last", async () => {
  await using folder = await createTestFolder();
  const token = signToken({
    iat: NOW_SECONDS - 600,
    exp: NOW_SECONDS - 300,
    aud: "https://other.example.com",
  });
  const flags = await describeTestIssuer(folder);
  const { code, stdout, stderr } = await runCli(["explain", ...flags], { input: token });
  assert.equal(code, 1);
  assert.equal(stderr, "");
  assert.match(stdout, /^✓ token {6}form /);
  assert.match(
    stdout,
    /^✗ .* exp +token_expired\n {4}expected {2}.*\n {4}found {5}1768478100 .*\n {4}→ Get a new token/m,
  );
  assert.match(stdout, /^✗ .* aud +audience_mismatch\n {4}expected {2}.*https:\/\/api\.example\.com\n/m);
  assert.match(stdout, /^✓ signature {2}signature /m);
  assert.match(stdout, /\n\n✗ rejected {2}token_expired: exp has passed\n {4}answered with HTTP 401\n$/);
  assert.equal(containsTokenBytes(stdout, token), false);
});

test("explain shows no claim of a token whose signature does not verify", async () => {
  await using folder = await createTestFolder();
  const token = breakSignature(
    signToken({ sub: "somebody-else", scope: "confidential", aud: "https://elsewhere.example.com" }),
  );
  const { stdout, stderr } = await runCli(["explain", ...(await describeTestIssuer(folder))], {
    input: token,
  });
  assert.match(stdout, /values of claims are not shown/);
  assert.doesNotMatch(stdout + stderr, /somebody-else|confidential|elsewhere/);
  assert.equal(containsTokenBytes(stdout + stderr, token), false);
});

test("explain --json gives verdict and steps, and the exit code of verify", async () => {
  await using folder = await createTestFolder();
  const { code, stdout } = await runCli(["explain", ...(await describeTestIssuer(folder)), "--json"], {
    input: signToken(),
  });
  assert.equal(code, 0);
  const document = JSON.parse(stdout) as {
    verdict: { ok: boolean };
    signatureVerified: boolean;
    steps: { outcome: string }[];
  };
  assert.equal(document.verdict.ok, true);
  assert.equal(document.signatureVerified, true);
  assert.ok(document.steps.length > 8);
  assert.ok(document.steps.every(({ outcome }) => outcome === "passed"));
});
