import type { ImportedKeySet } from "./imported-key-set.ts";
import type { KeySource } from "./key-source.ts";

/**
 * Serves keys that are part of the configuration: nothing is fetched, nothing expires. Where the runtime
 * imports asynchronously, `find` says "fetch_needed" until `resolve` or `ready` has waited for the import.
 */
export function createStaticKeySource(imported: ImportedKeySet): KeySource {
  const settling = imported.settle();
  let settled = imported.keys.some(({ native }) => native instanceof Promise) ? undefined : imported;
  const settle = async (): Promise<ImportedKeySet> => {
    settled ??= await settling;
    return settled;
  };
  return {
    find: (query) => settled?.find(query) ?? { kind: "fetch_needed" },
    resolve: async (query) => (await settle()).find(query),
    replacement: () => undefined,
    ready: async () => {
      const { hasUsableKeys, refused, ignored } = await settle();
      const problems = [...refused, ...ignored].map(({ index, problem }) => `key ${index}: ${problem}`);
      // Without any key there is nothing that cannot be used: it was to have none.
      if (hasUsableKeys || problems.length === 0) return;
      throw new Error(`None of the configured keys can be used. ${problems.join("; ")}`);
    },
    close: () => Promise.resolve(),
  };
}
