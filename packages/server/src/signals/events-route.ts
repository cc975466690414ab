/** Where transmitters push security events (RFC 8935). */

import { createHash, timingSafeEqual } from "node:crypto";

import * as z from "zod";

import { type ApiRoute, answerJson, defineRoute, type Headers } from "../admin/api/api-route.ts";
import type { Answer } from "../decision/http-answer.ts";
import type { EventError, EventReceiver } from "./event-receiver.ts";

export interface PushedTransmitter {
  readonly authorization: string;
  readonly receiver: Pick<EventReceiver, "take">;
}

const MAX_EVENT_CHARACTERS = 65_536;
const TAKEN: Answer = { status: 202, headers: [["Cache-Control", "no-store"]], body: "" };

export function createEventsRoute(transmitters: ReadonlyMap<string, PushedTransmitter>): ApiRoute {
  return defineRoute({
    method: "POST",
    path: "/signals/events/{transmitter}",
    operationId: "takeSecurityEvent",
    summary: "Takes a security event of a configured transmitter (RFC 8935): CAEP, RISC.",
    // By a header that belongs to the transmitter, not to an operator.
    access: "anybody",
    body: { type: "application/secevent+jwt", schema: z.string() },
    answers: { 202: { description: "What it revokes is revoked, and that is durable as the store is." } },
    async handle({ parameters, body, headers }) {
      const transmitter = transmitters.get(parameters["transmitter"] ?? "");
      if (transmitter === undefined || !isAuthorized(headers, transmitter.authorization)) {
        return refuse({
          err: "authentication_failed",
          description: "no transmitter with this Authorization",
        });
      }
      if (body.length > MAX_EVENT_CHARACTERS) {
        return refuse({
          err: "invalid_request",
          description: `more than ${MAX_EVENT_CHARACTERS} characters`,
        });
      }
      const error = await transmitter.receiver.take(body.trim());
      return error === undefined ? TAKEN : refuse(error);
    },
  });
}

/** In a time that tells nothing about the value. */
function isAuthorized(headers: Headers, expected: string): boolean {
  const [given = "", ...others] = headers.get("authorization") ?? [];
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(expected)) && others.length === 0;
}

/** RFC 8935 section 2.3. */
function refuse(error: EventError): Answer {
  const answer = answerJson(400, error);
  return { ...answer, headers: [...answer.headers, ["Content-Language", "en"]] };
}
