/** What a server of this folder is told: one parameter, JSON. */

import type { VerificationKey } from "../../tokens/key-material.ts";

export interface NodeServerParameters {
  readonly port: number;
  readonly key: VerificationKey;
  readonly jwksUrl: string;
  readonly upstream: string;
  readonly judges: boolean;
  /** Tokens that the library remembers, where it can. */
  readonly cacheEntries: number;
}

export function readParameters(): NodeServerParameters {
  return JSON.parse(process.argv[2] ?? "{}") as NodeServerParameters;
}

export const HOST = "127.0.0.1";
