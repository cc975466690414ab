import { EndpointFault } from "../oauth-client/endpoint-fault.ts";

/**
 * A token endpoint's answer as members. The text is bounded where it is fetched.
 * @throws EndpointFault where it is no JSON object.
 */
export function readTokenAnswer(text: string): Readonly<Record<string, unknown>> {
  const value = parse(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new EndpointFault("bad_answer", "an answer that is no JSON object");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
