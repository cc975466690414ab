/**
 * Stands in for `node:test` while mutants run: registers instead of running, so that one process can run
 * the same tests once for every mutant. Registration only; `run-tests-again.ts` runs.
 */

import { createSuite, type Hook, type RegisteredSuite, type TestBody } from "./registered-test.ts";

interface Options {
  readonly skip?: boolean | string;
  readonly todo?: boolean | string;
}

type Register<Body> = (name: string, optionsOrBody?: Options | Body, body?: Body) => Promise<void>;

let current: RegisteredSuite = createSuite("");
const ids = new Set<string>();

/** Registers all that `load` registers below a suite of that name. */
export async function registerFile(name: string, load: () => Promise<unknown>): Promise<RegisteredSuite> {
  const suite = createSuite(name);
  current = suite;
  await load();
  return suite;
}

/** Tests of the same name in the same suite are told apart by a number. */
function createId(name: string): string {
  const wished = `${current.id} > ${name}`;
  let id = wished;
  for (let repeat = 2; ids.has(id); repeat += 1) id = `${wished} (${repeat})`;
  ids.add(id);
  return id;
}

function readParameters<Body extends (...parameters: never[]) => unknown>(
  optionsOrBody: Options | Body | undefined,
  body: Body | undefined,
): { readonly options: Options; readonly run: Body | undefined } {
  if (typeof optionsOrBody === "function") return { options: {}, run: optionsOrBody };
  return { options: optionsOrBody ?? {}, run: body };
}

function isSkipped({ skip, todo }: Options): boolean {
  return (skip !== undefined && skip !== false) || (todo !== undefined && todo !== false);
}

const registerTest: Register<TestBody> = async (name, optionsOrBody, body) => {
  const { options, run } = readParameters(optionsOrBody, body);
  const skipped = run === undefined || isSkipped(options);
  current.children.push({ kind: "test", id: createId(name), body: run ?? (() => undefined), skipped });
};

const registerSuite: Register<() => void> = async (name, optionsOrBody, body) => {
  const { options, run } = readParameters(optionsOrBody, body);
  if (run === undefined || isSkipped(options)) return;
  const parent = current;
  const suite = createSuite(createId(name));
  parent.children.push(suite);
  current = suite;
  const answer: unknown = run();
  current = parent;
  if (answer instanceof Promise)
    throw new Error(`the suite "${name}" is asynchronous, which this runner does not support`);
};

const skipped = async (): Promise<void> => undefined;

export const test: Register<TestBody> & { readonly skip: typeof skipped; readonly todo: typeof skipped } =
  Object.assign(registerTest, { skip: skipped, todo: skipped });
export const it: typeof test = test;
export const describe: Register<() => void> & {
  readonly skip: typeof skipped;
  readonly todo: typeof skipped;
} = Object.assign(registerSuite, { skip: skipped, todo: skipped });
export const suite: typeof describe = describe;

export const before = (hook: Hook): void => void current.before.push(hook);
export const after = (hook: Hook): void => void current.after.push(hook);
export const beforeEach = (hook: Hook): void => void current.beforeEach.push(hook);
export const afterEach = (hook: Hook): void => void current.afterEach.push(hook);
