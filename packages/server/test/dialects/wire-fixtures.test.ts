/**
 * Golden exchanges: each request as the gateway sends it, and the exact answer. `UPDATE_FIXTURES=1` writes the
 * answers anew; look at the difference.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { createTestIssuer } from "countersign/testing";

import { RUNS_ON_BUN } from "../../src/config/runtime.ts";
import { CHECK, createCaller } from "../kit/grpc-client.ts";
import {
  type CheckToEncode,
  decodeWire,
  encodeCheck,
  listMessages,
  numberOf,
  textOf,
  type WireMessage,
} from "../kit/protobuf.ts";
import { sendRaw, writeRequest } from "../kit/raw-request.ts";
import { startSidecar } from "../kit/start-sidecar.ts";

// Bun serves the ones that depend neither on the target as it came nor on HTTP/2.
const FILES = ["generic", "nginx", "traefik", "caddy", ...(RUNS_ON_BUN ? [] : ["envoy-http", "envoy-grpc"])];
const UPDATE = process.env["UPDATE_FIXTURES"] === "1";
const REST = `
realm: api
routes:
  - { path: /public/**, allow: anonymous }
  - { path: /orders/**, allow: authenticated, scopes: [read] }
  - { path: /reports/**, allow: authenticated, scopes: [reports] }
`;

interface Exchange {
  readonly name: string;
  readonly request: HttpQuestion | { readonly check: CheckToEncode };
  readonly answer: unknown;
}

interface HttpQuestion {
  /** Method and target. */
  readonly line: string;
  readonly headers: readonly (readonly [string, string])[];
}

const issuer = await createTestIssuer();
const down = await createTestIssuer({ issuer: "https://down.test/" });
const unavailable = {
  issuer: "https://down.test/",
  audiences: issuer.validatorOptions().audiences,
  keys: { jwksUri: "http://127.0.0.1:1/jwks", insecureLoopbackHttp: true },
};
const sidecar = await startSidecar({
  issuers: [issuer.validatorOptions(), unavailable],
  rest: REST,
  listeners: `decision: "127.0.0.1:0", admin: "127.0.0.1:0"${RUNS_ON_BUN ? "" : ', extAuthz: "127.0.0.1:0"'}`,
});
const caller =
  sidecar.addresses.extAuthz === undefined ? undefined : createCaller(sidecar.addresses.extAuthz);
after(async () => {
  caller?.close();
  await sidecar.close();
});

/** What stands in braces in a fixture. */
const good = await issuer.sign({ scope: "read", roles: ["clerk"] });
const TOKENS: Readonly<Record<string, string>> = {
  good,
  expired: await issuer.tokens.expired(),
  wrongAudience: await issuer.tokens.wrongAudience(),
  damaged: `${good.slice(0, -8)}${good.endsWith("AAAAAAAA") ? "BBBBBBBB" : "AAAAAAAA"}`,
  unavailable: await down.sign(),
};

function fillIn(text: string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => TOKENS[name] ?? assert.fail(`no token ${name}`));
}

function fillInAll(headers: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return headers.map(([name, value]) => [name, fillIn(value)]);
}

async function askHttp({ line, headers }: HttpQuestion): Promise<unknown> {
  const lines = fillInAll(headers).map(([name, value]) => `${name}: ${value}`);
  const answer = await sendRaw(sidecar.decision, writeRequest(line, lines));
  const told = answer.headers.filter(([name]) => !["date", "connection", "content-length"].includes(name));
  return {
    status: answer.status,
    headers: told.map(hideSeconds),
    body: answer.body === "" ? "" : JSON.parse(answer.body),
  };
}

async function askGrpc({ rawHeaders = [], ...check }: CheckToEncode): Promise<unknown> {
  const message = encodeCheck({ ...check, rawHeaders: fillInAll(rawHeaders) });
  const response = decodeWire((await caller?.call(CHECK, message)) ?? assert.fail("no ext_authz"));
  const [denied] = listMessages(response, 2);
  const [ok] = listMessages(response, 3);
  const code = numberOf(listMessages(response, 1)[0], 1);
  if (denied !== undefined) {
    const body = JSON.parse(textOf(denied, 3) ?? "") as unknown;
    const status = numberOf(listMessages(denied, 1)[0], 1);
    return { code, denied: { status, headers: readOptions(denied), body } };
  }
  assert.ok(ok !== undefined);
  const remove = (ok.get(5) ?? []).map((name) => Buffer.from(name as Uint8Array).toString());
  const metadata = listMessages(response, 4, 1).map((entry) => textOf(entry, 1));
  return { code, ok: { set: readOptions(ok), remove }, metadata };
}

/** When to come back depends on when the keys were last asked for. */
function hideSeconds([name, value]: readonly [string, string]): readonly [string, string] {
  return [name, name.toLowerCase() === "retry-after" ? value.replace(/^\d+$/, "{seconds}") : value];
}

/** Name, value, and how it is to be applied. */
function readOptions(message: WireMessage): unknown {
  return listMessages(message, 2).map((option) => {
    const [header] = listMessages(option, 1);
    const [append] = listMessages(option, 2);
    const told = hideSeconds([textOf(header, 1) ?? "", textOf(header, 2) ?? ""]);
    return option.has(3) ? [...told, `append ${numberOf(append, 1)}, action ${numberOf(option, 3)}`] : told;
  });
}

for (const file of FILES) {
  describe(`${file}, exchange by exchange`, () => {
    const url = new URL(`./fixtures/${file}.json`, import.meta.url);
    const exchanges = JSON.parse(readFileSync(url, "utf8")) as readonly Exchange[];
    const answers = new Map<string, unknown>();
    for (const { name, request, answer } of exchanges) {
      it(name, async () => {
        const actual = "check" in request ? await askGrpc(request.check) : await askHttp(request);
        answers.set(name, actual);
        if (!UPDATE) assert.deepEqual(actual, answer);
      });
    }
    after(() => {
      if (!UPDATE) return;
      const updated = exchanges.map(({ name, request }) => ({ name, request, answer: answers.get(name) }));
      writeFileSync(url, `${JSON.stringify(updated, null, 2)}\n`);
    });
  });
}
