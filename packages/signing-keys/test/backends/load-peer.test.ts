import { describe, it } from "node:test";
import { loadPeer } from "../../src/backends/load-peer.ts";
import { expectFailure } from "./kit/expect-failure.ts";

describe("a peer package", () => {
  it("is asked for by name where it is not installed", async () => {
    const peer = "@countersign/not-there";
    await expectFailure(
      loadPeer(() => import(peer), { backend: "test", peer }),
      {
        kind: "misconfigured",
        message:
          /test: needs the package @countersign\/not-there, which is not installed; run: npm install @countersign\/not-there/,
      },
    );
  });

  it("is told from one that is there and does not load", async () => {
    const load = (): Promise<never> =>
      Promise.reject(Object.assign(new Error("cut short"), { code: "ERR_DLOPEN_FAILED" }));
    await expectFailure(loadPeer(load, { backend: "test", peer: "some-peer" }), {
      kind: "misconfigured",
      message: /does not load \(ERR_DLOPEN_FAILED\)/,
    });
  });
});
