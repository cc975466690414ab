import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ConfigurationReport, checkConfiguration } from "@countersign/server";
import { describeProofs } from "./describe-proofs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ISSUER = { issuer: "https://idp.test/", audiences: ["https://api.test"], keys: { discovery: true } };
const ROUTE = { path: "/**", allow: "authenticated" };

/** A configuration that is accepted without a finding, with these keys over its own. */
function check(changes: Readonly<Record<string, unknown>> = {}): ConfigurationReport {
  const text = JSON.stringify({ issuers: [ISSUER], routes: [ROUTE], ...changes });
  return checkConfiguration(text, { env: {}, baseDir: "/" });
}

/** As a whole, with a problem at this place. */
function assertRefused(changes: Readonly<Record<string, unknown>>, path: string): void {
  const { problems, configuration } = check(changes);
  assert.equal(configuration, undefined, JSON.stringify(changes));
  assert.ok(
    problems.some((problem) => problem.path.startsWith(path)),
    `${JSON.stringify(changes)}: ${JSON.stringify(problems)}`,
  );
}

function assertFound(changes: Readonly<Record<string, unknown>>, path: string): void {
  const { findings, problems } = check(changes);
  assert.deepEqual(problems, []);
  assert.ok(
    findings.some((finding) => finding.path === path),
    JSON.stringify(findings),
  );
}

describeProofs("configuration", {
  "6 refuses patterns of paths that are not anchored": () => {
    assert.deepEqual(
      [check().problems, check().findings],
      [[], []],
      "what is changed below is all that is wrong",
    );
    const patterns = [
      "public",
      "public/**",
      "*",
      "/pub*",
      "/**/public",
      "/a/*/b",
      "^/public",
      ".*",
      "/public.*",
      "/public/**/x",
    ];
    for (const path of patterns) assertRefused({ routes: [{ path, allow: "anonymous" }] }, "routes[0].path");
  },

  "12 warns where a guarded path's other spelling is open to everyone": () => {
    const routes = [
      { path: "/orders", allow: "authenticated" },
      { path: "/**", allow: "anonymous" },
    ];
    assertFound({ routes }, "routes[0]");
    assert.deepEqual(
      check({ routes: [{ ...routes[0], path: "/orders/**" }, routes[1]] }).findings.filter(
        ({ path }) => path === "routes[0]",
      ),
      [],
    );
  },

  "13 hands out no gateway configuration that clears the route cache": () => {
    const files = globSync(["deploy/**/*.{yaml,yml,md}", "docs/guide/*.md"], { cwd: ROOT });
    assert.ok(
      files.some((file) => file.includes("envoy")),
      "Envoy's are among them",
    );
    for (const file of files) {
      const text = readFileSync(`${ROOT}${file}`, "utf8").replace(/#.*$/gm, "");
      assert.doesNotMatch(text, /clear_?route_?cache["']?\s*:\s*["']?true/i, file);
    }
  },

  "14 refuses to trust the whole internet as a proxy": () => {
    for (const entry of ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "8000::/1", "*", "any"])
      assertRefused({ trustedProxies: [entry] }, "trustedProxies[0]");
  },

  "35 refuses an issuer without audiences": () => {
    const { audiences: _, ...rest } = ISSUER;
    assertRefused({ issuers: [rest] }, "issuers[0]");
    assertRefused({ issuers: [{ ...rest, audiences: [] }] }, "issuers[0].audiences");
    assertFound({ issuers: [{ ...rest, audiences: "unchecked" }] }, "issuers[0].audiences");
  },

  "38 refuses places for keys with a password, without encryption or without a host": () => {
    const uris = [
      "http://idp.test/jwks",
      "https://user:secret@idp.test/jwks",
      "/jwks",
      "https://",
      "file:///etc/keys",
      "data:,",
    ];
    for (const jwksUri of uris) assertRefused({ issuers: [{ ...ISSUER, keys: { jwksUri } }] }, "issuers[0]");
  },

  "49 keeps the administration local, and warns where it is not": () => {
    assert.deepEqual(check().configuration?.listeners.admin, { kind: "tcp", host: "127.0.0.1", port: 9402 });
    assertFound({ listeners: { admin: "0.0.0.0:9402" } }, "listeners.admin");
    assertRefused({ listeners: { admin: "127.0.0.1:9400", decision: "127.0.0.1:9400" } }, "listeners.admin");
  },
});
