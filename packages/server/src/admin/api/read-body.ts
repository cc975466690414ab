import type { AdminQuestion } from "../admin-listener.ts";
import { type ApiBodyType, ApiError, type Headers } from "./api-route.ts";

const MAX_BODY_BYTES = 1_048_576;
const MAX_LINES = 1000;

/** The body as plain values. @throws ApiError */
export async function readBody(
  question: AdminQuestion,
  { headers, type }: { readonly headers: Headers; readonly type: ApiBodyType },
): Promise<unknown> {
  const [given = ""] = headers.get("content-type") ?? [];
  if (given.split(";", 1)[0]?.trim().toLowerCase() !== type) {
    throw new ApiError(415, "unsupported_media_type", `expected a body of type ${type}`);
  }
  const text = await readText(question);
  if (text === undefined) {
    throw new ApiError(413, "body_too_large", `expected at most ${MAX_BODY_BYTES} bytes`);
  }
  if (type === "application/json") return parseJson(text);
  if (type === "application/x-ndjson") return parseLines(text);
  if (type === "application/secevent+jwt") return text;
  return parseForm(text);
}

async function readText(question: AdminQuestion): Promise<string | undefined> {
  try {
    return question.readBody === undefined ? "" : await question.readBody(MAX_BODY_BYTES);
  } catch {
    throw new ApiError(400, "invalid_request", "the body did not come whole");
  }
}

function parseLines(text: string): unknown {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length > MAX_LINES) {
    throw new ApiError(413, "body_too_large", `expected at most ${MAX_LINES} lines`);
  }
  return lines.map(parseJson);
}

function parseForm(text: string): unknown {
  const entries = [...new URLSearchParams(text)];
  if (new Set(entries.map(([name]) => name)).size === entries.length) return Object.fromEntries(entries);
  throw new ApiError(400, "invalid_request", "the form has a name twice");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiError(400, "invalid_request", "the body is no JSON");
  }
}
