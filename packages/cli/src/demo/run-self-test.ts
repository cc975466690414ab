import { renderMark } from "../output/marks.ts";
import type { Terminal } from "../terminal.ts";
import type { DemoRequest } from "./demo-requests.ts";
import { DEMO_REQUESTS, readCredential } from "./demo-requests.ts";
import type { Demo } from "./start-demo.ts";

/** One request of the guide, and whether its answer was the promised one. */
export interface SelfTestResult {
  readonly title: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly found: string;
}

const TIMEOUT_MS = 10_000;

/** Does what the guide tells people to do, through the proxy, and compares the answers. */
export async function runSelfTest(demo: Demo): Promise<readonly SelfTestResult[]> {
  const results: SelfTestResult[] = [];
  for (const request of DEMO_REQUESTS) results.push(await tryRequest(demo, request));
  return results;
}

/** One line a request, with the answer, or the promised and the found one. */
export function renderSelfTest(results: readonly SelfTestResult[], { paint }: Terminal): string {
  return results
    .map(({ ok, title, expected, found }) => {
      const detail = ok ? paint("dim", expected) : paint("red", `expected ${expected}, found ${found}`);
      return `${renderMark(ok ? "good" : "bad", paint)} ${title}  ${detail}\n`;
    })
    .join("");
}

async function tryRequest(demo: Demo, request: DemoRequest): Promise<SelfTestResult> {
  const { title, expectedStatus, expectedReason } = request;
  const expected = `${expectedStatus} ${expectedReason}`;
  try {
    const found = await ask(demo, request);
    return { title, ok: found === expected, expected, found };
  } catch (error) {
    return { title, ok: false, expected, found: error instanceof Error ? error.message : "no answer" };
  }
}

async function ask(demo: Demo, request: DemoRequest): Promise<string> {
  const authorization = await readCredential(demo, request);
  const response = await fetch(`${demo.urls.proxy}${request.path}`, {
    method: request.method,
    headers: authorization === undefined ? {} : { authorization },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = (await response.json()) as AnswerBody;
  return `${response.status} ${response.status === 200 ? judgeUpstream(body, demo) : String(body.code)}`;
}

interface AnswerBody {
  /** Of a refusal (RFC 9457). */
  readonly code?: unknown;
  /** Of the upstream. */
  readonly upstreamSaw?: { readonly identity?: Readonly<Record<string, unknown>>; readonly token?: unknown };
}

/** "ok" where the upstream was told who calls and never saw the token. */
function judgeUpstream({ upstreamSaw }: AnswerBody, { client }: Demo): string {
  if (upstreamSaw?.token !== "removed before it came here") return "but the upstream saw the token";
  return upstreamSaw.identity?.["x-auth-client"] === client.id
    ? "ok"
    : "but the upstream was not told who calls";
}
