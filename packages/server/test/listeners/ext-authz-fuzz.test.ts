/** Whatever bytes come as a CheckRequest: an answer or InvalidMessage, and never a yes without a good token. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { createValidator } from "countersign";
import { createTestIssuer } from "countersign/testing";
import fc from "fast-check";

import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { createDecider } from "../../src/decision/create-decider.ts";
import { HeaderReader } from "../../src/decision/header-reading.ts";
import { createDialectSettings } from "../../src/dialects/create-dialects.ts";
import { createEnvoyGrpcDialect } from "../../src/dialects/envoy-grpc/envoy-grpc.ts";
import { InvalidMessage } from "../../src/dialects/envoy-grpc/read-message.ts";
import { createExtAuthzHandler } from "../../src/listeners/ext-authz-handler.ts";
import { decodeWire, encodeCheck, listMessages, numberOf } from "../kit/protobuf.ts";

const RECORDED = new URL("../dialects/envoy-grpc/recorded/", import.meta.url);
const TIME_LIMIT_MS = 4000;

const issuer = await createTestIssuer();
const configuration = parseConfiguration(
  `
issuers: ${JSON.stringify([issuer.validatorOptions()])}
routes:
  - { path: /**, allow: authenticated }
`,
  { env: {}, baseDir: "/" },
);
const validator = createValidator({ issuers: [issuer.validatorOptions()] });
after(() => validator.close());

const logged: string[] = [];
const write = (_fields: object, message: string): void => void logged.push(message);
const logger = { info: write, warn: write, error: write };
const headerReader = new HeaderReader(configuration.identityHeaders.prefix);
const handle = createExtAuthzHandler({
  decide: createDecider({ ...configuration, validator, headerReader, logger, clock: Date.now }),
  headerReader,
  dialect: createEnvoyGrpcDialect(createDialectSettings(configuration)),
  isTrustedPeer: () => true,
  report: () => {},
  logger,
  clock: Date.now,
});

/** The code of the answer; undefined where the bytes are no message. */
async function askCode(message: Uint8Array): Promise<number | undefined> {
  try {
    const response = decodeWire(await handle({ message, peer: "127.0.0.1" }));
    return numberOf(listMessages(response, 1)[0], 1);
  } catch (error) {
    assert.ok(error instanceof InvalidMessage, String(error));
    return undefined;
  }
}

const corpus = readdirSync(RECORDED).map((name) => readFileSync(new URL(name, RECORDED)));

const header = fc.tuple(
  fc.oneof(
    fc.constantFrom("authorization", "connection", "x-auth-subject", "x_auth_roles", "dpop"),
    fc.string(),
  ),
  fc.oneof(
    fc.constantFrom("Bearer", "Bearer a.b.c", "Bearer  x", "DPoP y", "close, x-auth-subject", ""),
    fc.string({ unit: "binary" }),
  ),
);

describe("ext_authz, whatever it is asked", () => {
  it("lets nobody in by messages that are damaged", async () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...corpus), damage, async (recorded, changes) => {
        const message = Buffer.from(recorded);
        for (const [position, value] of changes) message[position % message.length] = value;
        assert.notEqual(await askCode(message), 0);
      }),
      { numRuns: 2000, interruptAfterTimeLimit: TIME_LIMIT_MS },
    );
    assert.ok(!logged.some((message) => message.includes("defect")), logged.at(-1) ?? "a defect");
  });

  it("lets nobody in by what is well formed", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom("GET", "https", "http", "api.test", "/x", "/../x", "*", ""),
    );
    const check = fc.record({
      method: fc.oneof(text, fc.constantFrom("POST", "CONNECT")),
      path: text,
      host: text,
      scheme: text,
      headers: fc.array(header, { maxLength: 6 }),
      rawHeaders: fc.array(header, { maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(check, async (described) => {
        assert.notEqual(await askCode(encodeCheck(described)), 0);
      }),
      { numRuns: 2000, interruptAfterTimeLimit: TIME_LIMIT_MS },
    );
    assert.ok(!logged.some((message) => message.includes("defect")), logged.at(-1) ?? "a defect");
  });

  it("lets in whom it should, so that the others say something", async () => {
    const token = await issuer.sign();
    const rawHeaders = [["authorization", `Bearer ${token}`]] as const;
    assert.equal(await askCode(encodeCheck({ rawHeaders })), 0);
  });
});
