/** The runtimes that the engine promises to run on, and how each runs the suite and the engine's own tests. */

export interface Runtime {
  readonly name: string;
  /** Package and version on npm that holds the program; undefined for the Node that is running. */
  readonly installs?: string;
  /** The program's path inside its package. */
  readonly program?: string;
  /** Parameters before the path of the suite's entry. */
  readonly run: readonly string[];
  /** Entry that prints the suite's report. */
  readonly entry: string;
  /** Parameters before the paths of test files; undefined where the runtime has no test runner. */
  readonly test?: readonly string[];
  /** Tests of the sidecar that run there too: what its listeners promise on whichever server. */
  readonly sidecar?: readonly string[];
  /** Beginnings of paths of the engine's tests that cannot run there, each with the reason. */
  readonly without?: Readonly<Record<string, string>>;
}

const CONDITION = "--conditions=@countersign/source";
const QUIET = "--disable-warning=ExperimentalWarning";
const IN_PROCESS = "conformance/runtimes/in-process.ts";
const TESTS = "packages/engine/test";
const SIDECAR_TESTS = "packages/server/test";

const ARM = process.arch === "arm64";
const MAC = process.platform === "darwin";
const NODE_PACKAGE = `node-${MAC ? "darwin" : "linux"}-${ARM ? "arm64" : "x64"}`;
const BUN_PACKAGE = `@oven/bun-${MAC ? "darwin" : "linux"}-${ARM ? "aarch64" : "x64"}`;
const DENO_PACKAGE = `@deno/${MAC ? "darwin" : "linux"}-${ARM ? "arm64" : "x64"}${MAC ? "" : "-glibc"}`;

export const RUNTIMES: readonly Runtime[] = [
  {
    name: "node-22",
    installs: `${NODE_PACKAGE}@22.23.3`,
    program: "bin/node",
    run: [CONDITION, QUIET],
    entry: IN_PROCESS,
    test: [CONDITION, QUIET, "--test", "--test-reporter=spec", "--experimental-test-isolation=none"],
    without: {
      [`${TESTS}/testing/key-server.test.ts`]: "it says `await using`, which Node 22 cannot read",
      [`${TESTS}/testing/serve-issuer.test.ts`]: "it says `await using`, which Node 22 cannot read",
    },
  },
  {
    name: "node-24",
    installs: `${NODE_PACKAGE}@24.21.0`,
    program: "bin/node",
    run: [CONDITION, QUIET],
    entry: IN_PROCESS,
    test: [CONDITION, QUIET, "--test", "--test-reporter=spec", "--test-isolation=none"],
  },
  {
    // `npm test` runs the engine's own tests on this one.
    name: `node-${process.versions.node.split(".")[0] ?? ""}`,
    run: [CONDITION, QUIET],
    entry: IN_PROCESS,
  },
  {
    name: "bun",
    installs: `${BUN_PACKAGE}@1.4.5`,
    program: "bin/bun",
    run: [CONDITION],
    entry: IN_PROCESS,
    test: ["test", CONDITION],
    sidecar: [
      `${SIDECAR_TESTS}/decision/*.test.ts`,
      `${SIDECAR_TESTS}/dialects/*-endpoints.test.ts`,
      `${SIDECAR_TESTS}/dialects/every-reason.test.ts`,
      `${SIDECAR_TESTS}/dialects/wire-fixtures.test.ts`,
      `${SIDECAR_TESTS}/listeners/question-door.test.ts`,
      `${SIDECAR_TESTS}/listeners/runtime.test.ts`,
    ],
    without: {
      [`${TESTS}/keys/`]: "they make Ed448 keys, which Bun's crypto library does not have",
      [`${TESTS}/testing/test-key.test.ts`]: "it makes Ed448 keys, which Bun's crypto library does not have",
    },
  },
  {
    name: "deno",
    installs: `${DENO_PACKAGE}@2.9.6`,
    program: "deno",
    run: ["run", "--allow-all", "--no-lock", CONDITION],
    entry: IN_PROCESS,
    test: ["test", "--allow-all", "--no-check", "--no-lock", CONDITION],
    without: {
      [`${TESTS}/keys/`]: "they make ML-DSA keys, which Deno's crypto library does not have",
      [`${TESTS}/testing/`]: "they sign through names of digests that Deno's node:crypto does not know",
    },
  },
  {
    name: "workerd",
    run: [CONDITION, QUIET],
    entry: "conformance/runtimes/in-workerd.ts",
  },
];
