import { basename, relative } from "node:path";

/** How to call this program again from the current folder, word by word: as it was called, with interpreter and flags where they count. */
export function describeInvocation(): readonly string[] {
  const script = process.argv[1] ?? "countersign";
  if (basename(script) === "countersign") return ["countersign"];
  // Not "node": the one that runs this may not be the one of the path, or not its version.
  return [shortenPath(process.execPath), ...process.execArgv, shortenPath(script)];
}

function shortenPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}
