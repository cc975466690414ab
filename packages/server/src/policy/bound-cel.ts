/** Which CEL expressions we take: functions by name, and a number of steps that is linear in what they read. */

import type { ASTNode } from "@marcbachmann/cel-js";

// Left out: matches (a backtracking engine, and unanchored), map and bind (values could be doubled again and again), json.
const FUNCTIONS: ReadonlySet<string> = new Set(
  [
    "has size type dyn bool double int uint string timestamp duration contains startsWith endsWith indexOf",
    "lastIndexOf substring split join trim lowerAscii upperAscii getDate getDayOfMonth getDayOfWeek",
    "getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds",
  ].flatMap((line) => line.split(" ")),
);
const COMPREHENSIONS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "filter"]);
const CLIENT_CONTROLLED: ReadonlySet<string> = new Set(["query", "headers", "url", "uri", "cookies", "body"]);

/** What is wrong with an expression's form; undefined where nothing is. */
export function checkCelForm(root: ASTNode): string | undefined {
  return checkNode(root, []);
}

/** `variables` are those of the comprehensions around the node. */
function checkNode(node: ASTNode, variables: readonly string[]): string | undefined {
  switch (node.op) {
    case "call":
      return refuseFunction(node.args[0]) ?? checkNodes(node.args[1], variables);
    case "rcall":
      return checkMethod(node, variables);
    case ".":
      return refuseRequestPart(node.args) ?? checkNode(node.args[0], variables);
    default:
      return checkNodes(childrenOf(node), variables);
  }
}

function checkNodes(nodes: readonly ASTNode[], variables: readonly string[]): string | undefined {
  for (const node of nodes) {
    const problem = checkNode(node, variables);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkMethod(
  node: Extract<ASTNode, { op: "rcall" }>,
  variables: readonly string[],
): string | undefined {
  const [name, receiver, parts] = node.args;
  if (!COMPREHENSIONS.has(name)) return refuseFunction(name) ?? checkNodes([receiver, ...parts], variables);
  const variable = parts[0];
  if (variables.length > 0 && !isPartOf(receiver, variables)) {
    return `${name} inside another comprehension, over something that is not part of the outer one's variable`;
  }
  const problem = checkNode(receiver, variables);
  if (problem !== undefined || variable?.op !== "id") return problem;
  return checkNodes(parts.slice(1), [...variables, variable.args]);
}

/** True for `x`, `x.a` and `x["a"].b` where `x` is one of the variables: all runs over such parts together are one over the whole. */
function isPartOf(node: ASTNode, variables: readonly string[]): boolean {
  // Of several variables only the innermost is a part of all others.
  if (node.op === "id") return node.args === variables.at(-1);
  if (node.op === ".") return isPartOf(node.args[0], variables);
  return node.op === "[]" && node.args[1].op === "value" && isPartOf(node.args[0], variables);
}

function refuseFunction(name: string): string | undefined {
  if (FUNCTIONS.has(name)) return undefined;
  return name === "matches"
    ? "matches takes time that nobody can bound, and matches anywhere; use ==, startsWith, endsWith or contains"
    : `${name} is not among the functions of requirements`;
}

function refuseRequestPart([owner, name]: readonly [ASTNode, string]): string | undefined {
  if (owner.op !== "id" || owner.args !== "request" || !CLIENT_CONTROLLED.has(name)) return undefined;
  return `request.${name} is the client's to choose, and gateways change it; a request is its method, scheme, host, path and time`;
}

function childrenOf(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = [];
  collect(node.args);
  return found;

  function collect(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) collect(item);
    else if (isNode(value)) found.push(value);
  }
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
