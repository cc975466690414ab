/** The file's form of `signals`. */

import * as z from "zod";

import type { LogoutConfiguration, SignalsConfiguration } from "./signals-configuration.ts";

const text = z.string().min(1).max(2048);
const names = z.array(text).min(1).max(64);

const logout: z.ZodType<LogoutConfiguration> = z.strictObject({
  issuer: z.string().min(1).max(64).describe("The name of an entry of `issuers`: its keys and no others."),
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

/** `signals`. */
export const signalsSchema: z.ZodType<SignalsConfiguration> = z.strictObject({
  logout: z
    .array(logout)
    .max(100)
    .default([])
    .describe("Back-channel logout (OpenID Connect) at POST /api/v1/signals/logout of the admin listener."),
});
