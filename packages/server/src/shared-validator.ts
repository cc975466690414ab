/** The validator of a configuration with the readiness of its keys; one for all configurations with the same issuers. */

import type { ClosableStatusLists, EngineEvent, KeySetStore, ReplayStore, Validator } from "countersign";
import { createStatusLists, createValidator } from "countersign";
import type { AskStatusList, KeySharing } from "countersign/sharing";

import { hashKeys, listCountedKeys, readText } from "./admin/counted-keys.ts";
import { readSharedKeys } from "./admin/held-keys.ts";
import type { Readiness } from "./admin/readiness.ts";
import { createReadiness } from "./admin/readiness.ts";
import type { SidecarAudit } from "./audit/sidecar-audit.ts";
import type { Configuration } from "./config/configuration.ts";
import { isRemoteIssuer, nameIssuer } from "./config/issuer-alias.ts";
import { toValidatorOptions } from "./config/validator-options.ts";
import type { KnownRevocations } from "./revocation/followed-list.ts";
import type { GuardedReplayStore } from "./revocation/guard-replay.ts";
import { Shared } from "./shared.ts";
import { logEngineEvent } from "./telemetry/log-engine-event.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";

export interface ValidatorParts {
  readonly validator: Validator;
  readonly readiness: Readiness;
  /** Undefined where this process fetches for itself alone. */
  readonly keySharing: KeySharing | undefined;
  /** Undefined where no issuer publishes any. */
  readonly statusLists: ClosableStatusLists | undefined;
}

export interface ValidatorHost {
  readonly logger: OperationalLog;
  readonly clock: () => number;
  readonly metrics: Metrics;
  /** Where the last good key sets outlive the configuration that fetched them. */
  readonly keyStores: KeyStores;
  /** Where first uses of DPoP proofs are recorded: it outlives configurations. */
  readonly replay: ReplayStore & Partial<Pick<GuardedReplayStore, "except">>;
  /** What is revoked, as far as it is known here. Absent: nothing can be. */
  readonly revocations?: KnownRevocations;
  /** Absent where there is no trail, and in processes that do not write it. */
  readonly audit?: SidecarAudit;
  /** One that the caller gave and closes; then the configuration's issuers make none. */
  readonly given: Validator | undefined;
  /** Where processes share keys: the end that a new validator has. Default none. */
  readonly shareKeys?: () => KeySharing;
  /** Where another process fetches status lists: what asks it for a new validator. Default this process fetches. */
  readonly askStatusLists?: () => AskStatusList;
  /** True where another process fetches the keys, and tells of them. Default false. */
  readonly isFollower?: boolean;
}

/** @throws ConfigurationError where the library refuses the issuers. */
export function shareValidator(
  configuration: Configuration,
  host: ValidatorHost,
  previous: Shared<ValidatorParts> | undefined,
): Shared<ValidatorParts> {
  const { issuers, limits, statusLists, permissions } = configuration;
  const settings = JSON.stringify({ issuers, limits, statusLists, permissions });
  if (previous?.settings === settings) return previous.retain();
  const { logger, clock, metrics, given, replay, revocations, isFollower = false } = host;
  const readiness = createReadiness({ issuers: issuers.map(nameIssuer), logger, clock });
  let closed = false;
  const observer = (event: EngineEvent): void => {
    // What a configuration that is gone still fetches says nothing about the keys in use.
    if (closed) return;
    metrics.observe(event);
    meterKeys(event, { sharing: keySharing, metrics, nowMs: clock() });
    readiness.observe(event);
    if (isFollower) return;
    logEngineEvent(event, logger);
    host.audit?.observe(event);
  };
  const table = permissions && { permissions };
  const withStores = { limits, ...table, issuers: issuers.map((issuer) => host.keyStores.addStore(issuer)) };
  const keySharing = host.shareKeys?.();
  const known = revocations && { revocations: revocations.list };
  const ask = host.askStatusLists?.();
  const lists =
    statusLists.length === 0
      ? undefined
      : createStatusLists({
          issuers: statusLists,
          clock,
          observer(event) {
            // Of their own fetches of keys no request waits: those are no matter of readiness.
            if (event.type === "status_list_fetch_finished" && !closed) metrics.observe(event);
            logEngineEvent(event, logger);
          },
          ...(ask && { ask }),
        });
  const ports = {
    clock,
    observer,
    replay,
    ...known,
    ...(keySharing && { keySharing }),
    ...(lists && { statusLists: lists }),
  };
  const validator = given ?? createValidator(toValidatorOptions(withStores, ports));
  return new Shared(
    { validator, readiness, keySharing, statusLists: lists },
    {
      settings,
      async close() {
        closed = true;
        readiness.stop();
        if (given === undefined) await validator.close();
        await lists?.close();
      },
    },
  );
}

/** Shows which keys are in use, once something about them was told. Processes that follow others have nothing to show. */
function meterKeys(
  event: EngineEvent,
  parts: {
    readonly sharing: KeySharing | undefined;
    readonly metrics: Pick<Metrics, "setKeys">;
    readonly nowMs: number;
  },
): void {
  if (event.type !== "keys_fetch_finished" && event.type !== "key_set_changed") return;
  const held = readSharedKeys(parts.sharing).get(event.issuer);
  if (held === undefined || held.documents.length === 0) return;
  const jwks = listCountedKeys(held, parts.nowMs).map(({ jwk }) => jwk);
  parts.metrics.setKeys(event.issuer, {
    hash: hashKeys(jwks),
    keys: jwks.map((jwk) => ({ keyId: readText(jwk, "kid"), algorithm: readText(jwk, "alg") })),
  });
}

/**
 * Key sets in memory, so that a new configuration begins with the keys that the old one had: as old as they
 * are, and no longer usable than they were. Only issuers without a `cacheFile` of their own need it.
 */
export class KeyStores {
  readonly #texts = new Map<string, string>();

  /** The issuer's options with a store of its own: other locations or bounds of keys have another. */
  addStore<T extends Configuration["issuers"][number]>(issuer: T): T {
    if (!isRemoteIssuer(issuer) || "cacheFile" in issuer.keys) return issuer;
    const name = JSON.stringify([issuer.issuer, issuer.keys]);
    const store: KeySetStore = {
      read: () => Promise.resolve(this.#texts.get(name)),
      write: (text) => {
        this.#texts.set(name, text);
        return Promise.resolve();
      },
    };
    return { ...issuer, keys: { ...issuer.keys, store } };
  }

  /** Forgets what none of these issuers uses. */
  keepOnly(issuers: Configuration["issuers"]): void {
    const names = new Set(issuers.map((issuer) => JSON.stringify([issuer.issuer, issuer.keys])));
    for (const name of this.#texts.keys()) if (!names.has(name)) this.#texts.delete(name);
  }
}
