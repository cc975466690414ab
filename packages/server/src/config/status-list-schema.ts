/** The file's form of an issuer's `statusLists` (OAuth Token Status List). */

import type { StatusListIssuerOptions } from "countersign";
import * as z from "zod";

/** What is said of an issuer's lists beside the issuer itself. */
export type FileStatusLists = Omit<
  StatusListIssuerOptions,
  "issuer" | "name" | "algorithms" | "keys" | "clockToleranceSeconds"
>;

function whole(range: { min: number; max: number }, told: string): z.ZodExactOptional<z.ZodInt> {
  return z.int().min(range.min).max(range.max).exactOptional().describe(told);
}

export const statusListSchema: z.ZodType<FileStatusLists> = z.strictObject({
  origins: z
    .array(
      z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
        error: 'Expected an origin such as "https://status.example"',
      }),
    )
    .min(1)
    .max(64)
    .exactOptional()
    .describe("Where its lists may be. Default the issuer's own origin."),
  withoutStatus: z
    .enum(["accepted", "refused"])
    .exactOptional()
    .describe("Tokens that name no list. Default accepted."),
  maxStaleSeconds: whole(
    { min: 0, max: 86_400 },
    "How long a list is used after its ttl, never past its exp, while no newer one can be had. Default 300.",
  ),
  timeoutMs: whole({ min: 100, max: 30_000 }, "Of a fetch. Default 5000."),
  maxBytes: whole({ min: 1024, max: 16_777_216 }, "Of a list as it is sent. Default 1048576."),
  maxListBytes: whole({ min: 1024, max: 16_777_216 }, "Of a list once it is inflated. Default 2097152."),
  maxLists: whole({ min: 1, max: 1024 }, "Lists that are remembered. Default 32."),
  insecureLoopbackHttp: z.boolean().exactOptional().describe("Admits http to this machine, for development."),
});
