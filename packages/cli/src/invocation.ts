import { basename, relative } from "node:path";

/** How to call this program again from the current folder: as it was called, with interpreter and flags where they count. */
export function describeInvocation(): string {
  const script = process.argv[1] ?? "countersign";
  const name = basename(script);
  if (name === "countersign") return name;
  const path = relative(process.cwd(), script);
  return ["node", ...process.execArgv, path.startsWith("..") ? script : path].join(" ");
}
