/** What convert makes for Envoy, in a real one, beside the sidecar on the same requests. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Configuration, parseConfiguration, type RunningServer, startServer } from "@countersign/server";
import { createTestIssuer, TEST_TOKEN_NAMES, TEST_TOKENS, type TestIssuer } from "countersign/testing";
import { convertConfiguration } from "../../packages/cli/src/convert/convert-configuration.ts";
import type { ConversionEntry } from "../../packages/cli/src/convert/expression.ts";
import { ENVOY } from "../../packages/cli/src/convert/targets/envoy.ts";
import { skipWithoutGateway } from "../kit/find-gateway.ts";
import { sendRequest } from "../kit/send-request.ts";
import { type EchoServer, startEcho } from "../kit/start-echo.ts";
import { type RunningGateway, startGateway } from "../kit/start-gateway.ts";

const ALGORITHMS = ["RS256", "ES256", "EdDSA", "PS256", "ES384", "RS384"] as const;

/** What stands in the report for a reason that Envoy does not know. */
const FEATURES: Readonly<Record<string, readonly string[]>> = {
  type_mismatch: ["token-type", "token-kind"],
  critical_header_unsupported: ["critical-headers"],
  malformed_token: ["strict-reading"],
  claim_invalid: ["strict-reading"],
  claim_missing: ["token-kind", "required-claims"],
  issued_in_future: ["lifetime"],
  lifetime_exceeded: ["lifetime"],
  audience_mismatch: ["audiences"],
  algorithm_not_allowed: ["algorithms"],
  key_unknown: ["algorithms"],
  token_too_large: ["token-size"],
};

describe("Envoy as it is converted", { skip: skipWithoutGateway("envoy") }, () => {
  let issuer: TestIssuer;
  let echo: EchoServer;
  let sidecar: RunningServer;
  let envoy: RunningGateway;
  let entries: readonly ConversionEntry[];
  let weaker: ReadonlySet<string>;

  before(async () => {
    issuer = await createTestIssuer({ algorithms: ALGORITHMS });
    echo = await startEcho();
    const configuration = parseConfiguration(describeFile(issuer, echo.address), { env: {}, baseDir: "/" });
    const { files, ...report } = convert(configuration);
    entries = report.entries;
    weaker = new Set(entries.filter(({ level }) => level === "weaker").map(({ feature }) => feature));
    sidecar = await startServer(configuration, { logger: { info() {}, warn() {}, error() {} } });
    const [file] = files;
    assert.ok(file);
    envoy = await startGateway("envoy", ({ folder, port }) =>
      Promise.resolve({
        files: { [file.name]: file.text.replace("port_value: 8081", `port_value: ${port}`) },
        parameters: [
          ...["--config-path", `${folder}/${file.name}`, "--disable-hot-restart"],
          ...["--concurrency", "1", "--log-level", "warning"],
        ],
      }),
    );
  });
  after(async () => {
    await envoy?.close();
    await sidecar?.close();
    await echo?.close();
  });

  interface Asked {
    readonly target: string;
    readonly method?: string;
    readonly token?: string;
    readonly headers?: readonly (readonly [string, string])[];
  }

  /** Whether each lets the request through. */
  const compare = async (asked: Asked): Promise<{ readonly ours: boolean; readonly theirs: boolean }> => {
    const ours = await sendRequest({ ...asked, url: `http://${sidecar.addresses.proxy}` });
    const theirs = await sendRequest({ ...asked, url: envoy.url });
    return { ours: ours.echo !== undefined, theirs: theirs.echo !== undefined };
  };

  it("judges 300 tokens as we do, but for what the report says", async () => {
    let asked = 0;
    const found = new Map<string, string[]>();
    for (const algorithm of ALGORITHMS) {
      for (const name of TEST_TOKEN_NAMES) {
        const token = await issuer.tokens[name]({ algorithm });
        // What cannot stand in a header has no way to either.
        if (/[^\x21-\x7e]/.test(token)) continue;
        const { ours, theirs } = await compare({ target: "/orders/1", token });
        asked += 1;
        if (ours === theirs) continue;
        const kind = `${name} ${algorithm} (${TEST_TOKENS[name].expected})`;
        assert.ok(theirs, `${kind}: refused by Envoy, accepted by us`);
        const features = FEATURES[TEST_TOKENS[name].expected] ?? [];
        assert.ok(
          features.some((feature) => weaker.has(feature)),
          `${kind}: accepted by Envoy, and the report does not say so`,
        );
        for (const feature of features) found.set(feature, [...(found.get(feature) ?? []), name]);
      }
    }
    for (const scope of ["read", "write", "read write", "reads", "READ", "", "a read b"]) {
      for (const claim of ["scope", "scp"]) {
        for (const value of [scope, scope.split(" ")]) {
          const token = await issuer.sign({ scope: undefined, [claim]: value });
          const { ours, theirs } = await compare({ target: "/orders/1", token });
          asked += 1;
          // A scope that is a list is misshapen to us (RFC 8693 section 4.2), which is told as strict-reading.
          const isList = claim === "scope" && Array.isArray(value);
          assert.ok(isList ? !ours : theirs === ours, `${claim}: ${JSON.stringify(value)}`);
        }
      }
    }
    assert.ok(asked >= 300, `${asked} tokens`);
    // What is said to be weaker is so, as far as tokens of this kind can show it.
    for (const feature of ["token-type", "token-kind", "critical-headers", "strict-reading", "lifetime"]) {
      assert.ok(found.has(feature), `the report says ${feature}, and no token shows it`);
    }
  });

  it("knows the same routes, methods and narrower paths", async () => {
    const full = await issuer.sign({ scope: "read write" });
    const tokens = [undefined, full, await issuer.sign({ scope: "read" }), `${full.slice(0, -6)}AAAAAA`];
    for (const target of [
      "/orders",
      "/orders/1",
      "/ordersx",
      "/orders/admin",
      "/orders/admin/1",
      "/open",
      "/open/1",
      "/maybe",
      "/",
      "/nowhere",
    ]) {
      // What arrives is compared, and a HEAD brings nothing back to see that by.
      for (const method of ["GET", "POST", "DELETE"]) {
        for (const [index, token] of tokens.entries()) {
          const { ours, theirs } = await compare({ target, method, ...(token !== undefined && { token }) });
          assert.equal(theirs, ours, `${method} ${target} with token ${index}`);
        }
      }
    }
  });

  it("lets no identity header of the client through, and says who the token is for", async () => {
    const token = await issuer.sign({ sub: "alice" });
    const forged = ["X-Auth-Subject", "x-AUTH-issuer", "X-Auth-Anything"].map(
      (name) => [name, "mallory"] as const,
    );
    const { echo: seen } = await sendRequest({ url: envoy.url, target: "/orders/1", token, headers: forged });
    const identity = seen?.headers.filter(([name]) => /^x.auth.|^authorization$/i.test(name));
    assert.deepEqual(Object.fromEntries(identity ?? []), {
      "x-auth-subject": "alice",
      "x-auth-issuer": issuer.issuer,
      "x-auth-client": "client-1",
      "x-auth-scopes": "read write",
    });
  });

  it("takes no token from the URL", async () => {
    const token = await issuer.sign();
    const { ours, theirs } = await compare({ target: `/orders/1?access_token=${token}` });
    assert.deepEqual([ours, theirs], [false, false]);
  });
});

function convert(configuration: Configuration) {
  const { unaccepted } = convertConfiguration(configuration, { target: ENVOY, acceptWeaker: new Set() });
  const conversion = convertConfiguration(configuration, {
    target: ENVOY,
    acceptWeaker: new Set(unaccepted),
  });
  assert.ok(conversion.files.length === 1, JSON.stringify(conversion.entries));
  return conversion;
}

function describeFile(issuer: TestIssuer, application: string): string {
  return `
listeners: { decision: off, proxy: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers:
  - issuer: "${issuer.issuer}"
    audiences: ["${issuer.audience}"]
    algorithms: [${ALGORITHMS.join(", ")}]
    keys: { jwks: ${JSON.stringify(issuer.jwks())} }
routes:
  - { path: /orders/**, allow: authenticated, scopes: [read] }
  - { path: /orders/admin/**, methods: [GET, DELETE], allow: authenticated, scopes: [read, write] }
  - { path: /open/**, allow: anonymous }
  - { path: /maybe, allow: optional, scopes: [write] }
  - { path: /, methods: [GET], allow: anonymous }
upstream: http://${application}
`;
}
