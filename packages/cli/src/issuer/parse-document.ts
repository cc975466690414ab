import type { ProbeLog } from "./probe-step.ts";

/** A JSON object of which nothing else is known. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Whether a value is an object, and neither null nor an array. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads a document as a JSON object.
 *
 * @throws ProbeStopped
 */
export function parseDocument(
  text: string,
  { log, target }: { readonly log: ProbeLog; readonly target: string },
): JsonRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const page = /^\s*</.test(text);
    return log.fail(target, {
      name: "parse",
      fault: "wrong",
      detail: page ? "it is a page (HTML or XML), not JSON" : "it is not JSON",
      remedy: page
        ? "A sign-in or error page stands in the way: open the path to everybody, or correct it."
        : "Open the URL by hand and compare it with the identity provider's manual.",
    });
  }
  if (isRecord(value)) return value;
  return log.fail(target, {
    name: "parse",
    fault: "wrong",
    detail: "it is JSON, but not an object",
    remedy: "Open the URL by hand and compare it with the identity provider's manual.",
  });
}
