/** Each rule of the house with a file that breaks it and the sentence that must come. */

export interface Violation {
  /** Completes "refuses …". */
  readonly what: string;
  readonly check: "biome" | "oxlint" | "tsc" | "layers" | "lengths" | "machine paths" | "links" | "manifests";
  readonly path: string;
  readonly text: string;
  readonly expected: RegExp;
}

const ENGINE = "packages/engine/src";

const IMPORTS: readonly Violation[] = [
  {
    what: "an import of a higher floor",
    check: "layers",
    path: `${ENGINE}/token/bad.ts`,
    text: 'import { validate } from "../validator/validate.ts";\nexport const bad: unknown = validate;\n',
    expected: /token imports validator, which stands above it/,
  },
  {
    what: "an import of a folder on the same floor",
    check: "layers",
    path: `${ENGINE}/issuers/bad.ts`,
    text: 'export { statusList } from "../status/status-list.ts";\n',
    expected: /issuers imports status, which stands beside it/,
  },
  {
    what: "a type from a higher floor",
    check: "layers",
    path: `${ENGINE}/keys/bad.ts`,
    text: 'export type Bad = import("../claims/claims.ts").Claims;\n',
    expected: /keys imports claims, which stands above it/,
  },
  {
    what: "an import at run time of a higher floor",
    check: "layers",
    path: `${ENGINE}/signature/bad.ts`,
    text: 'export const bad: Promise<unknown> = import("../index.ts");\n',
    expected: /signature imports index, which stands above it/,
  },
  {
    what: "an import by a computed name",
    check: "layers",
    path: `${ENGINE}/keys/bad.ts`,
    text: "export const load = (name: string): Promise<unknown> => import(name);\n",
    expected: /computed name/,
  },
  {
    what: "a folder without a floor",
    check: "layers",
    path: `${ENGINE}/extras/bad.ts`,
    text: "export const bad = 1;\n",
    expected: /stands on no floor/,
  },
  {
    what: "a path into another package",
    check: "layers",
    path: "packages/cli/src/bad.ts",
    text: 'export { core } from "../../server/src/decision/core.ts";\n',
    expected: /import the package by name/,
  },
  {
    what: "a decision that knows a listener",
    check: "layers",
    path: "packages/server/src/decision/bad.ts",
    text: 'import "../listeners/listener.ts";\n',
    expected: /decision imports listeners, which stands above it/,
  },
  {
    what: "a dependency of the engine on a package",
    check: "biome",
    path: `${ENGINE}/token/bad.ts`,
    text: 'import { z } from "zod";\n\nexport const bad: unknown = z;\n',
    expected: /noUndeclaredDependencies/,
  },
  {
    what: "a dependency of the engine on the sidecar",
    check: "biome",
    path: `${ENGINE}/token/bad.ts`,
    text: 'import * as server from "@countersign/server";\n\nexport const bad: unknown = server;\n',
    expected: /noUndeclaredDependencies/,
  },
  {
    what: "a module of Node in the engine",
    check: "biome",
    path: `${ENGINE}/token/bad.ts`,
    text: 'import { readFileSync } from "node:fs";\n\nexport const bad: unknown = readFileSync;\n',
    expected: /noNodejsModules/,
  },
  {
    what: "a global of Node in the engine",
    check: "tsc",
    path: `${ENGINE}/token/bad.ts`,
    text: 'export const bad: unknown = Buffer.from("a");\n',
    expected: /TS2591.*'Buffer'/,
  },
  {
    what: "a global of browsers in the engine",
    check: "tsc",
    path: `${ENGINE}/token/bad.ts`,
    text: "export const bad: unknown = window;\n",
    expected: /TS2304.*'window'/,
  },
  {
    what: "a cycle of imports",
    check: "biome",
    path: `${ENGINE}/token/token.ts`,
    text: 'import { parse } from "./parse.ts";\n\nexport const token: unknown = parse;\n',
    expected: /noImportCycles/,
  },
];

const CODE: readonly Violation[] = [
  {
    what: "a default export",
    check: "biome",
    path: `${ENGINE}/token/bad.ts`,
    text: "export default 1;\n",
    expected: /noDefaultExport/,
  },
  {
    what: "a value of type any",
    check: "biome",
    path: `${ENGINE}/token/bad.ts`,
    text: "export const bad: any = 1;\n",
    expected: /noExplicitAny/,
  },
  {
    what: "a non-null assertion",
    check: "biome",
    path: `${ENGINE}/token/bad.ts`,
    text: "export const bad = (text: string | undefined): string => text!;\n",
    expected: /noNonNullAssertion/,
  },
  {
    what: "a file name in camel case",
    check: "biome",
    path: `${ENGINE}/token/badName.ts`,
    text: "export const bad = 1;\n",
    expected: /useFilenamingConvention/,
  },
  {
    what: "a line for the console in the engine",
    check: "biome",
    path: `${ENGINE}/token/bad.ts`,
    text: 'export const bad = (): void => console.log("a");\n',
    expected: /noConsole/,
  },
  {
    what: "a function of more than 60 lines",
    check: "biome",
    path: `${ENGINE}/token/bad.ts`,
    text: `export function bad(): number {\n  let sum = 0;\n${"  sum += 1;\n".repeat(61)}  return sum;\n}\n`,
    expected: /noExcessiveLinesPerFunction/,
  },
  {
    what: "single quotes",
    check: "biome",
    path: `${ENGINE}/token/bad.ts`,
    text: "export const bad = 'a';\n",
    expected: /formatting output/,
  },
  {
    what: "a promise nobody awaits",
    check: "oxlint",
    path: `${ENGINE}/token/bad.ts`,
    text: "async function check(): Promise<boolean> {\n  return true;\n}\nexport function bad(): void {\n  check();\n}\n",
    expected: /no-floating-promises/,
  },
  {
    what: "a promise thrown away with void",
    check: "oxlint",
    path: `${ENGINE}/token/bad.ts`,
    text: "async function check(): Promise<boolean> {\n  return true;\n}\nexport function bad(): void {\n  void check();\n}\n",
    expected: /no-floating-promises/,
  },
  {
    what: "a promise used as a condition",
    check: "oxlint",
    path: `${ENGINE}/token/bad.ts`,
    text: "async function check(): Promise<boolean> {\n  return true;\n}\nexport function bad(): number {\n  return check() ? 1 : 2;\n}\n",
    expected: /no-misused-promises/,
  },
  {
    what: "a floating promise in a test",
    check: "oxlint",
    path: "packages/engine/test/bad.test.ts",
    text: 'import { test } from "node:test";\nasync function check(): Promise<boolean> {\n  return true;\n}\ntest("a", () => {\n  check();\n});\n',
    expected: /no-floating-promises/,
  },
];

const REPOSITORY: readonly Violation[] = [
  {
    what: "a source file of more than 500 lines",
    check: "lengths",
    path: `${ENGINE}/token/bad.ts`,
    text: "// line\n".repeat(501),
    expected: /has 501 lines, at most 500/,
  },
  {
    what: "a path of one machine",
    check: "machine paths",
    path: "docs/bad.md",
    text: `See ${["", "work", "main"].join("/")}.\n`,
    expected: /names a place on one machine/,
  },
  {
    what: "a link to a page that is not there",
    check: "links",
    path: "docs/bad.md",
    text: "See [the guide](guide.md).\n",
    expected: /links to guide\.md, which does not exist/,
  },
  {
    what: "a link to a heading that is not there",
    check: "links",
    path: "docs/bad.md",
    text: "# One\n\n[two](#two)\n",
    expected: /has no such heading/,
  },
  {
    what: "a dependency without an exact version",
    check: "manifests",
    path: "bench/package.json",
    text: '{ "name": "bench", "version": "0.1.0", "private": true, "dependencies": { "jose": "^6.0.0" } }\n',
    expected: /pin one exact version/,
  },
  {
    what: "a package with a version of its own",
    check: "manifests",
    path: "bench/package.json",
    text: '{ "name": "bench", "version": "9.9.9", "private": true }\n',
    expected: /keep one version/,
  },
  {
    what: "a published package without a license",
    check: "manifests",
    path: "bench/package.json",
    text: '{ "name": "bench", "version": "0.1.0", "files": ["dist", "README.md", "LICENSE"] }\n',
    expected: /has no LICENSE to publish/,
  },
];

export const VIOLATIONS: readonly Violation[] = [...IMPORTS, ...CODE, ...REPOSITORY];
