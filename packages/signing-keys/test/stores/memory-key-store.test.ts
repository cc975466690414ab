import { MemoryKeyStore } from "@countersign/signing-keys";
import { describeKeyStore } from "./describe-key-store.ts";

describeKeyStore("memory", {
  async createPlace() {
    const store = new MemoryKeyStore();
    return { open: async () => store, dispose: () => store.close() };
  },
});
