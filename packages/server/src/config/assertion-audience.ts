import * as z from "zod";

/** Whom an assertion is for, in a file. */
export function assertionAudience(told: string): z.ZodString {
  return z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/, { error: "Expected 1 to 512 visible ASCII characters" })
    .describe(told);
}
