/** Every reason through every dialect: what the gateway is told, and what must never be told. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { REASONS, type ReasonName } from "countersign";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { createRefusal } from "../../src/decision/create-refusal.ts";
import type { RefusedDecision } from "../../src/decision/decision.ts";
import { createDialectSettings, createHttpDialects } from "../../src/dialects/create-dialects.ts";
import { createEnvoyGrpcDialect } from "../../src/dialects/envoy-grpc/envoy-grpc.ts";
import { decodeWire, listMessages, numberOf } from "../kit/protobuf.ts";

const CONFIGURATION = `
issuers:
  - { issuer: "https://idp.test/", audiences: [a], keys: { discovery: true } }
routes:
  - { path: /**, allow: authenticated }
`;

function createSettings(flattenUnavailable: boolean): ReturnType<typeof createDialectSettings> {
  const text = `${CONFIGURATION}nginx: { flattenUnavailable: ${flattenUnavailable} }\n`;
  return createDialectSettings(parseConfiguration(text, { env: {}, baseDir: "/" }));
}

function refuse(reason: ReasonName): RefusedDecision {
  const timing = { startedAt: 0, durationMs: 0, validationMs: undefined };
  return { allow: false, rejected: createRefusal(reason), scopes: ["read"], remove: [], timing };
}

/** nginx carries on 2xx, 401 and 403 only, and makes 500 of the rest. */
function expectNginx(status: number, flattenUnavailable: boolean): number {
  if (status === 400) return 401;
  return status === 503 && flattenUnavailable ? 403 : status;
}

const REASON_NAMES = Object.keys(REASONS) as readonly ReasonName[];

for (const flattenUnavailable of [false, true]) {
  const settings = createSettings(flattenUnavailable);
  for (const dialect of createHttpDialects(settings)) {
    describe(`${dialect.name}, ${flattenUnavailable ? "with" : "without"} flattenUnavailable`, () => {
      for (const reason of REASON_NAMES) {
        const { httpStatus, fault } = REASONS[reason];
        const expected = dialect.name === "nginx" ? expectNginx(httpStatus, flattenUnavailable) : httpStatus;
        it(`answers ${expected} to ${reason}`, () => {
          const { status, headers } = dialect.answer(refuse(reason));
          const told = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
          assert.equal(status, expected);
          assert.ok(status >= 400, "never let in");
          assert.equal(told.has("www-authenticate"), fault === "client");
          assert.equal(told.has("retry-after"), fault === "system");
          if (fault === "system") assert.notEqual(status, 401, "a new token would not help");
          assert.equal(told.get("cache-control"), "no-store");
          assert.ok(headers.every(([name]) => !/^x-auth-(?:subject|issuer|client|scopes|roles)$/.test(name)));
        });
      }
    });
  }
}

describe("envoy-grpc", () => {
  const dialect = createEnvoyGrpcDialect(createSettings(false));
  for (const reason of REASON_NAMES) {
    const { httpStatus, grpcStatus, fault } = REASONS[reason];
    it(`answers ${httpStatus} with code ${grpcStatus} to ${reason}`, () => {
      const { status, message } = dialect.answer(refuse(reason));
      const response = decodeWire(message);
      const code = numberOf(listMessages(response, 1)[0], 1);
      assert.deepEqual([status, code], [httpStatus, grpcStatus]);
      assert.notEqual(code, 0, "Envoy lets in whatever has code 0");
      assert.equal(numberOf(listMessages(response, 2, 1)[0], 1), httpStatus);
      assert.equal(listMessages(response, 3).length, 0);
      if (fault === "system") assert.deepEqual([status, code], [503, 14]);
    });
  }
});
