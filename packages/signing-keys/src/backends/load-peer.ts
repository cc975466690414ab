import { SigningError } from "../signing-error.ts";

/**
 * Loads an optional peer package when a back end that needs it is opened, and not before.
 * @throws SigningError ("misconfigured") where it is not installed, or does not load.
 */
export async function loadPeer<T>(
  load: () => Promise<T>,
  { backend, peer }: { readonly backend: string; readonly peer: string },
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
    const problem = isMissing ? "which is not installed" : `which does not load (${code})`;
    throw new SigningError(`${backend}: needs the package ${peer}, ${problem}; run: npm install ${peer}`, {
      kind: "misconfigured",
      backend,
    });
  }
}
