const DESCRIPTIONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is no directory",
  EMFILE: "too many open files",
};

/** The `code` of a Node.js error, or undefined. */
export function readErrorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** Says in words why a file could not be read or written. */
export function describeFileError(error: unknown): string {
  const code = readErrorCode(error);
  return (code === undefined ? undefined : DESCRIPTIONS[code]) ?? code ?? "it cannot be read";
}
