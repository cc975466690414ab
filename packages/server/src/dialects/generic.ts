import { answerRefusal } from "../decision/http-answer.ts";
import type { Dialect, DialectSettings } from "./dialect.ts";
import { readDescription } from "./dialect.ts";

/**
 * `/authz`: reads `X-Forwarded-Method`, `-Uri`, `-Host` and `-Proto`. 200 with every identity header allows;
 * a refusal is answered as it would be to the client: status, challenge, problem details.
 */
export function createGenericDialect({ realm, refuseUnknownIdentity }: DialectSettings): Dialect {
  return {
    name: "generic",
    path: "/authz",
    describe: (headers) =>
      refuseUnknownIdentity(
        readDescription(headers, {
          method: "x-forwarded-method",
          uri: "x-forwarded-uri",
          host: "x-forwarded-host",
          proto: "x-forwarded-proto",
        }),
      ),
    answer: (decision) =>
      decision.allow
        ? { status: 200, headers: [["Cache-Control", "no-store"], ...decision.identity], body: "" }
        : answerRefusal(decision, realm),
  };
}
