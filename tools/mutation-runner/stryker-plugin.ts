/**
 * A test runner for Stryker: loads the engine's tests once per process, from TypeScript as they are, and runs
 * for each mutant only those that reach it. Milliseconds a mutant, where a process each costs half a second.
 */

import { globSync } from "node:fs";
import { registerHooks } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type {
  CoverageData,
  InstrumenterContext,
  MutantCoverage,
  StrykerOptions,
} from "@stryker-mutator/api/core";
import {
  commonTokens,
  declareFactoryPlugin,
  type Injector,
  type PluginContext,
  PluginKind,
  tokens,
} from "@stryker-mutator/api/plugin";
import {
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  type TestRunnerCapabilities,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import { configureGlobal } from "fast-check";
import { registerFile } from "./node-test.ts";
import { findReachingTests, keepReachedMutants } from "./reaching-tests.ts";
import { listTests, type RegisteredSuite } from "./registered-test.ts";
import { catchStrayErrors, type RunPlan, runSuite, type TestOutcome } from "./run-tests-again.ts";

const STAND_IN = new URL("./node-test.ts", import.meta.url).href;

/** Our own member of Stryker's configuration; its `testFiles` filters by itself and leaves no mutant static. */
interface SharedProcessOptions {
  readonly testFiles: readonly string[];
}

export const strykerValidationSchema = {
  type: "object",
  properties: {
    sharedProcess: {
      type: "object",
      required: ["testFiles"],
      properties: { testFiles: { type: "array", items: { type: "string" } } },
    },
  },
};

/** The instrumented code's one global. */
const instrumented = globalThis as { __stryker__?: InstrumenterContext };
instrumented.__stryker__ ??= {};
const context: InstrumenterContext = instrumented.__stryker__;

function toTestResult({ id, failure, skipped, timeSpentMs }: TestOutcome): TestResult {
  const common = { id, name: id, timeSpentMs };
  if (skipped) return { ...common, status: TestStatus.Skipped };
  if (failure === undefined) return { ...common, status: TestStatus.Success };
  return { ...common, status: TestStatus.Failed, failureMessage: failure };
}

/** What a suite's hooks reached counts for each of its tests: any of them may notice. */
function spreadHookCoverage(suite: RegisteredSuite, perTest: Record<string, CoverageData>): void {
  const reached = perTest[suite.id];
  if (reached !== undefined) {
    for (const { id } of listTests(suite)) {
      const own = perTest[id] ?? {};
      for (const [mutant, hits] of Object.entries(reached)) own[mutant] = (own[mutant] ?? 0) + hits;
      perTest[id] = own;
    }
    delete perTest[suite.id];
  }
  for (const child of suite.children) if (child.kind === "suite") spreadHookCoverage(child, perTest);
}

class SharedProcessRunner implements TestRunner {
  readonly #patterns: readonly string[];
  readonly #files = new Map<string, RegisteredSuite>();

  constructor(options: StrykerOptions) {
    this.#patterns = (options["sharedProcess"] as SharedProcessOptions).testFiles;
  }

  /** Modules stay loaded: for a mutant in code that runs on import Stryker starts a new process. */
  capabilities(): TestRunnerCapabilities {
    return { reloadEnvironment: false };
  }

  async init(): Promise<void> {
    catchStrayErrors();
    // The same cases for every mutant, so that the score does not change by chance.
    configureGlobal({ seed: 1 });
    const tests = `${pathToFileURL(process.cwd()).href}/packages/engine/test/`;
    registerHooks({
      resolve: (specifier, parent, next) =>
        specifier === "node:test" && parent.parentURL?.startsWith(tests) === true
          ? { url: STAND_IN, format: "module-typescript", shortCircuit: true }
          : next(specifier, parent),
    });
  }

  async dryRun(): Promise<DryRunResult> {
    const onScope = (id: string | undefined): void => {
      if (id === undefined) delete context.currentTestId;
      else context.currentTestId = id;
    };
    const files = await this.#loadAll();
    const outcomes: TestOutcome[] = [];
    for (const file of files)
      outcomes.push(...(await runSuite([file], { bail: false, onScope, includes: () => true })));
    const mutantCoverage: MutantCoverage = context.mutantCoverage ?? { static: {}, perTest: {} };
    for (const file of files) spreadHookCoverage(file, mutantCoverage.perTest);
    keepReachedMutants(mutantCoverage.perTest);
    return { status: DryRunStatus.Complete, tests: outcomes.map(toTestResult), mutantCoverage };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, hitLimit, mutantActivation, sandboxFileName } = options;
    delete context.hitLimit;
    delete context.hitCount;
    if (hitLimit !== undefined) Object.assign(context, { hitLimit, hitCount: 0 });
    if (mutantActivation === "runtime") await this.#loadAll();
    context.activeMutant = activeMutant.id;
    const outcomes = await this.#runForMutant(this.#sortByNearness(sandboxFileName), options);
    delete context.activeMutant;
    // A mutant that no test looked at has not survived anything.
    if (outcomes.length === 0) return { status: MutantRunStatus.Error, errorMessage: "no test ran" };
    const limit = determineHitLimitReached(context.hitCount, context.hitLimit);
    return toMutantRunResult(limit ?? { status: DryRunStatus.Complete, tests: outcomes.map(toTestResult) });
  }

  /**
   * A mutant in code that runs on import has no list of tests: those that reach its file come first, and only
   * where none of them notices the others (caches hide what a test would reach alone).
   */
  async #runForMutant(files: readonly string[], options: MutantRunOptions): Promise<TestOutcome[]> {
    const { disableBail, testFilter, sandboxFileName } = options;
    const bail = !disableBail;
    if (testFilter !== undefined) {
      const ids = new Set(testFilter);
      return this.#runFiles(files, { bail, onScope: () => undefined, includes: (id) => ids.has(id) });
    }
    const near = findReachingTests(sandboxFileName);
    // Identifiers of tests begin with their file.
    const nearFiles = files.filter((file) => [...near].some((id) => id.startsWith(`${file} > `)));
    const first = await this.#runFiles(nearFiles, {
      bail,
      onScope: () => undefined,
      includes: (id) => near.has(id),
    });
    if (bail && first.some(({ failure }) => failure !== undefined)) return first;
    const rest = await this.#runFiles(files, {
      bail,
      onScope: () => undefined,
      includes: (id) => !near.has(id),
    });
    return [...first, ...rest];
  }

  /** File after file, so that files after the first failure need not be loaded. */
  async #runFiles(files: readonly string[], plan: RunPlan): Promise<TestOutcome[]> {
    const outcomes: TestOutcome[] = [];
    for (const file of files) {
      try {
        outcomes.push(...(await runSuite([await this.#load(file)], plan)));
      } catch (error) {
        // The mutant broke the import: whoever imports it notices.
        const failure = error instanceof Error ? error.message : String(error);
        outcomes.push({ id: `loading ${file}`, failure, skipped: false, timeSpentMs: 0 });
      }
      if (plan.bail && outcomes.some(({ failure }) => failure !== undefined)) break;
    }
    return outcomes;
  }

  /** Tests of the same name first, then those of the same folder: they notice soonest. */
  #sortByNearness(source: string): string[] {
    const folder = path.basename(path.dirname(source));
    const stem = path.basename(source, ".ts");
    const distance = (file: string): number => {
      if (path.basename(file) === `${stem}.test.ts`) return 0;
      return path.basename(path.dirname(file)) === folder ? 1 : 2;
    };
    return this.#list().toSorted((one, other) => distance(one) - distance(other));
  }

  #list(): string[] {
    return globSync([...this.#patterns]).sort();
  }

  async #load(file: string): Promise<RegisteredSuite> {
    const loaded = this.#files.get(file);
    if (loaded !== undefined) return loaded;
    const suite = await registerFile(file, () => import(pathToFileURL(path.resolve(file)).href));
    this.#files.set(file, suite);
    return suite;
  }

  async #loadAll(): Promise<RegisteredSuite[]> {
    const suites: RegisteredSuite[] = [];
    for (const file of this.#list()) suites.push(await this.#load(file));
    return suites;
  }
}

function createRunner(injector: Injector<PluginContext>): TestRunner {
  return new SharedProcessRunner(injector.resolve(commonTokens.options));
}
createRunner.inject = tokens(commonTokens.injector);

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, "shared-process", createRunner)];
