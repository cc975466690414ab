/** What each command of package.json runs; `script` is a path from the root, `inRoot: false` keeps the user's directory. */
export const TASKS = Object.freeze({
  start: { script: "packages/cli/src/main.ts", parameters: ["demo"], inRoot: false },
  test: { script: "tools/run-tests.ts" },
  build: { script: "tools/build.ts" },
  check: { script: "tools/check.ts" },
  format: { script: "tools/format.ts" },
  bench: { script: "bench/main.ts" },
  casebook: { script: "conformance/casebook/main.ts", inRoot: false },
  runtimes: { script: "tools/runtimes.ts" },
  "drill:revocation": { script: "test/drills/revocation/main.ts" },
  "drill:rotation": { script: "test/drills/rotation/main.ts" },
  gameday: { script: "test/gamedays/main.ts" },
  mutation: { script: "tools/mutation.ts" },
  soak: { script: "test/drills/soak/main.ts" },
});
