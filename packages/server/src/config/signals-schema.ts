/** The file's form of `signals`. */

import * as z from "zod";

import { checkEndpointUrl, whole } from "./client-credentials-schema.ts";
import { keysSchema } from "./issuer-schema.ts";
import type {
  LogoutConfiguration,
  PollConfiguration,
  SignalsConfiguration,
} from "./signals-configuration.ts";
import { upstreamTlsSchema } from "./upstream-schema.ts";

const text = z.string().min(1).max(2048);
const names = z.array(text).min(1).max(64);
const alias = z.string().min(1).max(64);
const authorization = z
  .string()
  .min(16)
  .max(4096)
  .regex(/^[\x20-\x7e]+$/, { error: "Expected printable ASCII" })
  .describe('The header\'s whole value: "${NAME}" of the environment, or "file:" and a path.');

const logout: z.ZodType<LogoutConfiguration> = z.strictObject({
  issuer: alias.describe("The name of an entry of `issuers`: its keys and no others."),
  audiences: names.describe("Ids of the clients that are logged out; one of them is in aud."),
  types: names.exactOptional().describe('Accepted typ; "JWT" admits none too. Default logout+jwt.'),
  ends: z
    .enum(["session", "subject"])
    .default("session")
    .describe("What ends where a logout token names both. Access tokens without `sid` need `subject`."),
  maxAgeSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(600)
    .describe("How long ago a logout token may have been issued."),
});

const poll: z.ZodType<PollConfiguration> = z
  .strictObject({
    endpoint: text.describe("https, or http to loopback with insecureLoopbackHttp."),
    authorization: authorization.exactOptional(),
    tls: upstreamTlsSchema.exactOptional().describe("Toward the endpoint. PEM, or `file:` and a path."),
    everySeconds: z
      .int()
      .min(1)
      .max(3600)
      .exactOptional()
      .describe("Asks this often, and is answered at once. Default long polls, one after the other."),
    maxEvents: whole({ min: 1, max: 1000, fallback: 50 }, "Of one answer."),
    timeoutSeconds: whole(
      { min: 1, max: 600, fallback: 90 },
      "Until the whole answer: longer than the transmitter holds a long poll.",
    ),
    maxAnswerBytes: whole({ min: 65_536, max: 16_777_216, fallback: 1_048_576 }, "Of one answer."),
    insecureLoopbackHttp: z
      .boolean()
      .default(false)
      .describe("Admits http to this machine, for development."),
  })
  .superRefine(({ endpoint, authorization: header, tls, insecureLoopbackHttp }, context) => {
    const problem = checkEndpointUrl(endpoint, insecureLoopbackHttp);
    if (problem !== undefined) context.addIssue({ code: "custom", path: ["endpoint"], message: problem });
    if (header !== undefined || tls?.certificate !== undefined) return;
    const message = "Expected what says who we are, or tls.certificate";
    context.addIssue({ code: "custom", path: ["authorization"], message });
  });

const transmitter = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: "Expected 1 to 64 of A-Z a-z 0-9 . _ -" })
    .describe("In paths and logs."),
  issuer: alias.describe("The name of an entry of `issuers`: only its subjects are concerned."),
  transmitter: text.exactOptional().describe("The iss of the events. Default that of the issuer."),
  audiences: names.describe("What this receiver is called; one of them is in aud."),
  keys: keysSchema.exactOptional().describe("Default those of the issuer, where it is the transmitter."),
  algorithms: z.array(text).min(1).exactOptional().describe("Default those of the issuer."),
  push: z
    .strictObject({ authorization })
    .exactOptional()
    .describe("Events come to POST /api/v1/signals/events/{name} of the admin listener (RFC 8935)."),
  poll: poll.exactOptional().describe("Events are asked for, by one process of the machine (RFC 8936)."),
  opaque: z
    .enum(["session", "subject", "unknown"])
    .default("unknown")
    .describe("What an opaque subject is: the `sid` or the `sub` of tokens, or neither."),
  email: z.enum(["subject", "unknown"]).default("unknown").describe("subject: it is the `sub` of tokens."),
  criticalSubjectMembers: z
    .array(text)
    .max(64)
    .default([])
    .describe("Of the transmitter's metadata: events with one that is not understood are discarded."),
  verificationState: text
    .exactOptional()
    .describe("The state that was asked for; verification events with another are refused."),
  policy: z
    .record(text, z.enum(["revoke", "always", "ignore"]))
    .refine((policy) => Object.keys(policy).length <= 256, { error: "Expected at most 256 events" })
    .default({})
    .describe("By event type (URI, or its last part): instead of what the guide's table says."),
});

/** `signals`. */
export const signalsSchema: z.ZodType<SignalsConfiguration> = z.strictObject({
  logout: z
    .array(logout)
    .max(100)
    .default([])
    .describe("Back-channel logout (OpenID Connect) at POST /api/v1/signals/logout of the admin listener."),
  transmitters: z
    .array(transmitter)
    .max(100)
    .default([])
    .describe("Security events (Shared Signals Framework): CAEP and RISC."),
}) as unknown as z.ZodType<SignalsConfiguration>;
