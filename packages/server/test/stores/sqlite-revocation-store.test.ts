import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RevocationStore } from "../../src/stores/revocation-store.ts";
import { SqliteRevocationStore } from "../../src/stores/sqlite-revocation-store.ts";
import { describeRevocationStore } from "./describe-revocation-store.ts";

describeRevocationStore("a SQLite file", {
  skip: false,
  async createPlace() {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-stores-"));
    const opened: RevocationStore[] = [];
    return {
      async open(clock = Date.now) {
        const store = new SqliteRevocationStore({ path: path.join(folder, "revocations.db"), clock });
        opened.push(store);
        return store;
      },
      async dispose() {
        await Promise.all(opened.map((store) => store.close()));
        await rm(folder, { recursive: true });
      },
    };
  },
});
