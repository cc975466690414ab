import assert from "node:assert/strict";
import { it } from "node:test";

import { createTestIssuer } from "countersign/testing";
import { chooseExtAuthzListener, DEFAULT_DECISION_LISTENER } from "../../src/config/listen-address.ts";
import { RUNS_ON_BUN } from "../../src/config/runtime.ts";
import { startSidecar } from "../kit/start-sidecar.ts";

it("listeners that are safe on node's servers alone are refused on Bun, with the reason", async () => {
  const issuer = await createTestIssuer();
  const issuers = [issuer.validatorOptions()];
  for (const [name, rest] of [
    ["extAuthz", ""],
    ["proxy", "upstream: http://127.0.0.1:1"],
  ] as const) {
    const started = startSidecar({
      issuers,
      rest: `routes: [{ path: /**, allow: authenticated }]\n${rest}`,
      listeners: `decision: "127.0.0.1:0", admin: "127.0.0.1:0", ${name}: "127.0.0.1:0"`,
    });
    if (RUNS_ON_BUN)
      await assert.rejects(started, new RegExp(`listeners\\.${name}.*does not run on Bun`, "s"));
    else await (await started).close();
  }
});

it("Envoy's gRPC is listened for by itself where it can be served", () => {
  const listener = chooseExtAuthzListener({ decision: DEFAULT_DECISION_LISTENER });
  assert.equal(listener, RUNS_ON_BUN ? "off" : "127.0.0.1:9401");
});
