/** Listeners whose requests are a header section and nothing else, and whose answers are there as a whole. */

import type { IncomingMessage } from "node:http";

import type { ListenAddress } from "../config/configuration.ts";
import { RUNS_ON_BUN } from "../config/runtime.ts";
import { identifyPeer, type Peer } from "../config/trusted-proxies.ts";
import { type Answer, describeProblem, respond } from "../decision/http-answer.ts";
import { BunDoor } from "./bun-door.ts";
import type { DoorName, HttpDoorLimits, LimitedDoor } from "./door.ts";
import type { DoorExchange } from "./http-door.ts";
import { HttpDoor } from "./http-door.ts";
import type { AnswerQuestion } from "./question.ts";

export interface QuestionDoorSetup {
  readonly name: DoorName;
  readonly address: ListenAddress;
  readonly limits: HttpDoorLimits;
  readonly answer: AnswerQuestion;
  /** Whether questions may have a body. Default false. */
  readonly readsBodies?: boolean;
  /** Told of each connection that was closed because there were too many. */
  onDropped?(): void;
}

/** Creates the door on the HTTP server that is cheapest here: `Bun.serve` on Bun, else node's. */
export function createQuestionDoor(setup: QuestionDoorSetup): LimitedDoor {
  if (RUNS_ON_BUN) return new BunDoor(setup);
  const { answer, readsBodies: _, ...others } = setup;
  return new HttpDoor({
    ...others,
    takesWebSockets: false,
    handle: createHandler(answer, setup.readsBodies === true),
  });
}

const BAD_FRAMING = describeProblem({
  status: 400,
  title: "Bad Request",
  detail: "Transfer-Encoding is chunked, or is not there",
  code: "bad_framing",
});

function createHandler(
  answerQuestion: AnswerQuestion,
  readsBodies: boolean,
): (exchange: DoorExchange) => void {
  const nameOf = createPeerNamer();
  return ({ request, response, address, isClosing, accept }) => {
    const coding = request.headers["transfer-encoding"];
    // Of another coding nobody knows where the body ends; node finds out after the answer.
    if (coding !== undefined && coding.toLowerCase() !== "chunked")
      return respond(response, BAD_FRAMING, true);
    const answer = answerQuestion({
      method: request.method ?? "",
      target: request.url ?? "",
      rawHeaders: request.rawHeaders,
      peer: nameOf(request.socket.remoteAddress, address),
      ...(readsBodies && {
        readBody: (maxBytes: number) => {
          accept?.();
          return readText(request, maxBytes);
        },
      }),
    });
    if (!(answer instanceof Promise)) return respond(response, answer, isClosing());
    answer.then(
      (settled: Answer) => respond(response, settled, isClosing()),
      () => response.destroy(),
    );
  };
}

/** What is longer than `maxBytes` is not waited for: the connection ends with the answer. */
async function readText(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const part of chunks) {
    size += part.length;
    if (size > maxBytes) return undefined;
    parts.push(part);
  }
  if (!request.complete) throw new Error("the body did not come whole");
  return Buffer.concat(parts).toString("utf8");
}

/** Most requests come from the peer that sent the last one. */
function createPeerNamer(): (remoteAddress: string | undefined, address: ListenAddress) => Peer {
  let lastAddress: string | undefined;
  let lastPeer: Peer | undefined;
  return (remoteAddress, address) => {
    if (lastPeer !== undefined && remoteAddress === lastAddress) return lastPeer;
    lastAddress = remoteAddress;
    lastPeer = identifyPeer(remoteAddress, address);
    return lastPeer;
  };
}
