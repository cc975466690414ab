/** One question for security events and its answer (RFC 8936 section 2). */

import type { PollConfiguration } from "../config/signals-configuration.ts";
import { EndpointFault } from "../oauth-client/endpoint-fault.ts";
import { type BoundedFetch, createBoundedFetch } from "../oauth-client/fetch-bounded.ts";
import type { EventError } from "./event-receiver.ts";

export interface PollQuestion {
  /** 0: only tells what became of earlier events. */
  readonly maxEvents: number;
  readonly returnsImmediately: boolean;
  /** `jti` of events that need not come again. */
  readonly acknowledged: readonly string[];
  /** Why others are refused, by `jti`. */
  readonly refused: ReadonlyMap<string, EventError>;
}

export interface PollAnswer {
  /** `jti` and text; no more than were asked for. */
  readonly events: readonly (readonly [jti: string, text: string])[];
  readonly hasMore: boolean;
}

/** No answer that could be used. */
export class PollFault extends Error {
  override readonly name = "PollFault";
  readonly result: "timeout" | "network_error" | "http_error" | "auth_error" | "bad_answer";
  /** Where the transmitter says when to come back. */
  readonly retryAfterSeconds: number | undefined;

  constructor(result: PollFault["result"], message: string, retryAfterSeconds?: number) {
    super(message);
    this.result = result;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface PollEndpoint {
  /** Rejects with a `PollFault`. */
  ask(question: PollQuestion, signal: AbortSignal): Promise<PollAnswer>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

const MAX_JTI_CHARACTERS = 1024;
const MAX_EVENT_CHARACTERS = 65_536;

/** Connects with the first question. */
export function createPollEndpoint(configuration: PollConfiguration): PollEndpoint {
  const { endpoint, authorization, tls, timeoutSeconds, maxAnswerBytes } = configuration;
  const connections = createBoundedFetch({
    tls,
    timeoutMs: timeoutSeconds * 1000,
    connections: 1,
    maxAnswerBytes,
  });
  const headers = {
    "content-type": "application/json",
    accept: "application/json",
    ...(authorization !== undefined && { authorization }),
  };
  return {
    async ask(question, signal) {
      const late = AbortSignal.timeout(timeoutSeconds * 1000);
      const body = JSON.stringify(describeQuestion(question));
      const init = { method: "POST", headers, body, signal: AbortSignal.any([signal, late]) };
      const response = await send(connections, { url: endpoint, init });
      checkStatus(response);
      return readAnswer(await response.text(), question.maxEvents);
    },
    close: () => connections.close(),
  };
}

async function send(
  connections: BoundedFetch,
  { url, init }: { readonly url: string; readonly init: Parameters<BoundedFetch["fetch"]>[1] },
): Promise<Response> {
  try {
    return await connections.fetch(url, init);
  } catch (error) {
    const { kind, message } = error instanceof EndpointFault ? error : FAILED;
    throw new PollFault(kind === "timeout" || kind === "bad_answer" ? kind : "network_error", message);
  }
}

const FAILED = new EndpointFault("network_error", "it failed without saying why");

function describeQuestion({ maxEvents, returnsImmediately, acknowledged, refused }: PollQuestion): object {
  return {
    maxEvents,
    returnImmediately: returnsImmediately,
    ...(acknowledged.length > 0 && { ack: acknowledged }),
    ...(refused.size > 0 && { setErrs: Object.fromEntries(refused) }),
  };
}

function checkStatus({ status, headers }: Response): void {
  if (status === 200) return;
  const kind = status === 401 || status === 403 ? "auth_error" : "http_error";
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  const retryAfterSeconds = Number.isInteger(seconds) && seconds >= 0 ? seconds : undefined;
  throw new PollFault(kind, `expected 200, found ${status}`, retryAfterSeconds);
}

/** What is more than was asked for is let lie: it comes again. @throws PollFault */
function readAnswer(text: string, maxEvents: number): PollAnswer {
  const { sets = {}, moreAvailable = false } = parseObject(text);
  if (typeof sets !== "object" || sets === null || Array.isArray(sets)) throw badAnswer("sets is no object");
  if (typeof moreAvailable !== "boolean") throw badAnswer("moreAvailable is no boolean");
  const all = Object.entries(sets as Readonly<Record<string, unknown>>);
  const events = all.slice(0, maxEvents).map(([jti, event]): readonly [string, string] => {
    if (jti === "" || jti.length > MAX_JTI_CHARACTERS) throw badAnswer("a jti that is empty or too long");
    // What is no text is no event either: it is refused under its jti like any other that is not good.
    return [jti, typeof event === "string" && event.length <= MAX_EVENT_CHARACTERS ? event.trim() : ""];
  });
  return { events, hasMore: moreAvailable || all.length > maxEvents };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badAnswer("no JSON");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw badAnswer("no JSON object");
}

function badAnswer(problem: string): PollFault {
  return new PollFault("bad_answer", `expected an answer of RFC 8936 section 2.3, found ${problem}`);
}
