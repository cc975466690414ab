/** What Traefik's ForwardAuth, Caddy's forward_auth and the generic endpoint share. */

import { listClientHeaders } from "../decision/client-headers.ts";
import { answerRefusal } from "../decision/http-answer.ts";
import type { DescriptionHeaders, Dialect, DialectSettings } from "./dialect.ts";
import { readDescription } from "./dialect.ts";

const FORWARDED: DescriptionHeaders = {
  method: "x-forwarded-method",
  uri: "x-forwarded-uri",
  host: "x-forwarded-host",
  proto: "x-forwarded-proto",
};

/**
 * A dialect that reads `X-Forwarded-Method`, `-Uri`, `-Host` and `-Proto`, and nothing of its own query. 200 with
 * every identity header allows, also with those that are empty, so that the gateway overwrites each; a refusal
 * is answered as it would be to the client: status, challenge, problem details.
 */
export function createForwardAuthDialect(
  endpoint: Pick<Dialect, "name" | "path">,
  { realm, refuseUnknownIdentity }: DialectSettings,
): Dialect {
  return {
    ...endpoint,
    describe: ({ reading }) => refuseUnknownIdentity(readDescription(reading, FORWARDED), reading),
    answer: (decision) =>
      decision.allow
        ? {
            status: 200,
            headers: [["Cache-Control", "no-store"], ...listClientHeaders(decision), ...decision.identity],
            body: "",
          }
        : answerRefusal(decision, realm),
  };
}
