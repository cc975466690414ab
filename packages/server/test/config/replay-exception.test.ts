import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { checkConfiguration } from "../../src/config/check-configuration.ts";

function problemsOf(
  route: object,
  replay: object = { store: { sqlite: "/tmp/uses.db" } },
): readonly string[] {
  const text = JSON.stringify({
    issuers: [
      {
        issuer: "https://idp.test/",
        audiences: ["https://api.test"],
        keys: { jwksUri: "https://idp.test/jwks" },
      },
    ],
    replay,
    routes: [{ path: "/**", allow: "authenticated", ...route }],
  });
  const { problems } = checkConfiguration(text, { env: {}, baseDir: "/" });
  return problems.map(({ path, problem }) => `${path}: ${problem}`);
}

describe("a route's exception for the time without the replay store", () => {
  it("is bounded in seconds", () => {
    for (const localReplaySeconds of [1, 300]) assert.deepEqual(problemsOf({ localReplaySeconds }), []);
    for (const localReplaySeconds of [0, 301, 1.5, "30"]) {
      assert.match(problemsOf({ localReplaySeconds }).join(), /^routes\[0\]\.localReplaySeconds: /);
    }
  });

  it("is a mistake where there is no token, or a store that is never away", () => {
    assert.deepEqual(problemsOf({ allow: "anonymous", localReplaySeconds: 30 }), [
      "routes[0].localReplaySeconds: an exception on a route that asks for no token",
    ]);
    assert.deepEqual(problemsOf({ localReplaySeconds: 30 }, {}), [
      "routes[0].localReplaySeconds: an exception for a store that is never away: `replay.store` is memory",
    ]);
  });
});
