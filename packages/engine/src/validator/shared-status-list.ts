/** What goes between the process that fetches status lists and those that follow: plain data. */

import type { StatusBits } from "../status/status-list.ts";

/** The claim `status_list` as the issuer published it. */
export interface CompressedStatusList {
  readonly bits: StatusBits;
  /** ZLIB in base64url; no longer than the longest list that may be fetched. */
  readonly lst: string;
}

/** What a follower asks. */
export interface StatusListQuestion {
  /** The exact `iss`. */
  readonly issuer: string;
  readonly uri: string;
  /** Of the list that the follower has; 0 where it has none. */
  readonly version: number;
}

/** A list, as the process that fetched and verified it tells the others. */
export interface SharedStatusList {
  /** Names what was fetched, for as long as the process that fetched it lives. From 1 on. */
  readonly version: number;
  /** For how long it may be used without another look; 0 where it is old already. */
  readonly freshForMs: number;
  /** For how long it may be used while there is no newer one. */
  readonly usableForMs: number;
  /** Undefined where the follower has it. */
  readonly list: CompressedStatusList | undefined;
}

/** Brings a question to the other process's `share`. May reject and may be late: then there is no list. */
export type AskStatusList = (question: StatusListQuestion) => Promise<SharedStatusList | undefined>;
