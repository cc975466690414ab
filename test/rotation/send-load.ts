/** Many connections that send good and hostile tokens all the time, and count what is answered wrongly. */

import { Agent } from "node:http";
import { sendRequest } from "../kit/send-request.ts";

/**
 * What is right for a token at this moment: let in, refused with 401, or either of the two while the
 * world is between two states.
 */
export type Expectation = "accept" | "refuse" | "either";

export interface Shot {
  /** Names the kind of token in reports. */
  readonly name: string;
  readonly token: string;
  /** Asked before the request is sent and after it is answered: where the two differ, either answer is right. */
  expect(): Expectation;
}

export interface LoadCounts {
  sent: number;
  accepted: number;
  refused: number;
  wrongRefusals: number;
  wrongAcceptances: number;
  /** Answers that are neither 200 nor 401, and failed connections. */
  faults: number;
  /** The first mistakes, for people: kind of token and status. */
  readonly mistakes: string[];
}

export interface LoadOptions {
  /** Origin of the front door. */
  readonly url: string;
  readonly connections: number;
  readonly signal: AbortSignal;
  /** The next request to send. */
  next(): Shot;
}

const MAX_MISTAKES = 5;

function judge(
  counts: LoadCounts,
  at: { readonly shot: Shot; readonly before: Expectation; readonly status: number },
): void {
  const { shot, before, status } = at;
  const expected = before === shot.expect() ? before : "either";
  counts.sent += 1;
  if (status === 200) counts.accepted += 1;
  else if (status === 401) counts.refused += 1;
  else counts.faults += 1;
  const isWrong = (status === 200 && expected === "refuse") || (status === 401 && expected === "accept");
  if (isWrong && status === 200) counts.wrongAcceptances += 1;
  if (isWrong && status === 401) counts.wrongRefusals += 1;
  const isFault = status !== 200 && status !== 401;
  if ((isWrong || isFault) && counts.mistakes.length < MAX_MISTAKES)
    counts.mistakes.push(`${shot.name}: ${status}`);
}

/** Sends until the signal aborts; requests under way are waited for. */
export async function sendLoad(options: LoadOptions): Promise<LoadCounts> {
  const counts: LoadCounts = {
    sent: 0,
    accepted: 0,
    refused: 0,
    wrongRefusals: 0,
    wrongAcceptances: 0,
    faults: 0,
    mistakes: [],
  };
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const sendOneByOne = async (): Promise<void> => {
    while (!options.signal.aborted) {
      const shot = options.next();
      const before = shot.expect();
      const status = await sendRequest({ url: options.url, token: shot.token, agent }).then(
        (answer) => answer.status,
        () => 0,
      );
      judge(counts, { shot, before, status });
    }
  };
  await Promise.all(Array.from({ length: options.connections }, sendOneByOne));
  agent.destroy();
  return counts;
}
