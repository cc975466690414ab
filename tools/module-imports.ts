/** Every module a TypeScript file names, however it names it. */

import { parseSync, Visitor } from "oxc-parser";

export interface ModuleImport {
  /** Undefined for `import(expression)`, which nobody can follow. */
  readonly specifier: string | undefined;
  /** Counted from 1. */
  readonly line: number;
}

interface SourceNode {
  readonly source?: { readonly type: string; readonly value?: unknown } | null;
  readonly start: number;
}

/**
 * Imports, `export … from`, `import()` and `import("…").Type`, types included: a type is knowledge too.
 *
 * @throws SyntaxError where the file cannot be read: a file that is not understood must not pass.
 */
export function readModuleImports(file: { readonly path: string; readonly text: string }): ModuleImport[] {
  const { program, errors } = parseSync(file.path, file.text);
  const [problem] = errors;
  if (problem !== undefined) throw new SyntaxError(`${file.path}: ${problem.message}`);
  const found: ModuleImport[] = [];
  const add = (node: SourceNode): void => {
    if (node.source === undefined || node.source === null) return;
    const { value } = node.source;
    const line = file.text.slice(0, node.start).split("\n").length;
    found.push({ specifier: typeof value === "string" ? value : undefined, line });
  };
  new Visitor({
    ImportDeclaration: add,
    ExportNamedDeclaration: add,
    ExportAllDeclaration: add,
    ImportExpression: add,
    TSImportType: add,
  }).visit(program);
  return found;
}
