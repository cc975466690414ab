import { MemoryRevocationStore } from "../../src/stores/memory-revocation-store.ts";
import type { RevocationStore } from "../../src/stores/revocation-store.ts";
import { describeRevocationStore } from "./describe-revocation-store.ts";

describeRevocationStore("the memory of a process", {
  skip: false,
  async createPlace() {
    let nowMs: () => number = Date.now;
    const store = new MemoryRevocationStore({ clock: () => nowMs() });
    return {
      // Nobody else can open it: another one is the same, asked at another time.
      async open(clock = Date.now): Promise<RevocationStore> {
        const at = (): MemoryRevocationStore => {
          nowMs = clock;
          return store;
        };
        return {
          append: (revocations) => at().append(revocations),
          lift: (lift) => at().lift(lift),
          read: (query) => at().read(query),
          waitForChange: (query) => at().waitForChange(query),
          list: (query) => at().list(query),
          expire: (limit) => at().expire(limit),
          close: () => at().close(),
        };
      },
      dispose: () => store.close(),
    };
  },
});
