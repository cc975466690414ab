import type { RequestDescription } from "./decision.ts";

const METHOD = /^[A-Za-z][A-Za-z0-9-]{0,31}$/;

/**
 * The method that a CORS preflight asks about (Fetch standard, section 3.2.2); undefined where the request is none.
 * Browsers send no credentials with it, so whatever carries some is no preflight.
 */
export function readPreflight({ method, headers }: RequestDescription): string | undefined {
  if (method !== "OPTIONS") return undefined;
  const values = (name: string) =>
    headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  const [asked, second] = values("access-control-request-method");
  const isPreflight =
    values("origin").length === 1 && second === undefined && values("authorization").length === 0;
  return isPreflight && asked !== undefined && METHOD.test(asked) ? asked : undefined;
}
