import type { Algorithm } from "../algorithms.ts";
import type { Clock, Fetch, KeySetStore, Observer } from "../ports.ts";
import type { KeysFrom } from "./key-location.ts";
import type { RemoteKeySettings } from "./remote-settings.ts";

/** What a remote key set is made of; everything is checked and resolved before, see `resolveRemoteSettings`. */
export interface RemoteKeySetOptions {
  /** The configured issuer, as tokens and metadata name it. */
  readonly issuer: string;
  /** Its alias, for events and reports. */
  readonly name: string;
  readonly source: KeysFrom;
  readonly algorithms: readonly Algorithm[];
  readonly settings: RemoteKeySettings;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly store: KeySetStore | undefined;
  /** 0..1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
}
