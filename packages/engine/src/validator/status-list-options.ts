/** Options of status lists (OAuth Token Status List) as users write them. */

import type { Clock, Fetch, Observer } from "../ports.ts";
import type { IssuerOptions } from "./options.ts";
import type { AskStatusList } from "./shared-status-list.ts";

/** An issuer whose tokens refer to lists; its keys sign them. */
export interface StatusListIssuerOptions
  extends Pick<IssuerOptions, "issuer" | "name" | "algorithms" | "keys" | "clockToleranceSeconds"> {
  /** Origins at which its lists may be, such as "https://status.example". Default the issuer's own. */
  readonly origins?: readonly string[];
  /** "refused" refuses tokens without a status in a list. Default "accepted". */
  readonly withoutStatus?: "accepted" | "refused";
  /** How long a list is used after its `ttl` while no newer one can be had; never past its `exp`. Default 300; 0..86400. */
  readonly maxStaleSeconds?: number;
  /** Of a fetch. Default 5000; 100..30000. */
  readonly timeoutMs?: number;
  /** Of a list as it is sent. Default 1048576; 1024..16777216. */
  readonly maxBytes?: number;
  /** Of a list once it is inflated. Default 2097152 (16 million statuses of one bit); 1024..16777216. */
  readonly maxListBytes?: number;
  /** Lists that are remembered; the one that was asked for longest ago goes first. Default 32; 1..1024. */
  readonly maxLists?: number;
  /** Admits http to loopback hosts, for development. Default false. */
  readonly insecureLoopbackHttp?: boolean;
}

export interface StatusListsOptions {
  readonly issuers: readonly StatusListIssuerOptions[];
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: Clock;
  /** Default the runtime's `fetch`. */
  readonly fetch?: Fetch;
  readonly observer?: Observer;
  /** Where another process fetches for this one: brings questions to its `share`. Default this one fetches. */
  readonly ask?: AskStatusList;
}
