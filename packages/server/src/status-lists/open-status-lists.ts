/** The status lists that a sidecar publishes, and the routes to them. */

import type { IssuerOptions } from "countersign";

import { ApiError, type ApiRoute } from "../admin/api/api-route.ts";
import { nameIssuer } from "../config/issuer-alias.ts";
import type { PublishedListsConfiguration } from "../config/published-lists-configuration.ts";
import { readSigningKey } from "../config/signing-key.ts";
import { openStatusIndexStore } from "../revocation/open-stores.ts";
import type { Revocations } from "../revocation/revocations.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { OperationalLog } from "../telemetry/operational-log.ts";
import { ListPublisher } from "./list-publisher.ts";
import { createKeySigner } from "./list-signer.ts";
import { listStatusListRoutes } from "./status-list-routes.ts";

export interface PublishedListsSetup {
  readonly configuration: PublishedListsConfiguration;
  /** Of the configuration in force. */
  issuers(): readonly IssuerOptions[];
  readonly revocations: { readonly followed: Revocations["followed"] };
  readonly clock: () => number;
  readonly logger: OperationalLog;
  readonly metrics: Metrics;
}

export interface PublishedLists {
  readonly routes: readonly ApiRoute[];
  close(): Promise<void>;
}

/** @throws TypeError where a key is none, which the schema refuses. */
export function openPublishedLists(setup: PublishedListsSetup): PublishedLists {
  const { configuration, issuers, clock, logger, metrics } = setup;
  const { followed } = setup.revocations;
  const revocations = {
    list: followed.list,
    get hasStarted(): boolean {
      return followed.hasStarted;
    },
    get position(): number {
      return followed.status.position;
    },
  };
  const store = openStatusIndexStore(configuration.store, clock);
  const findIssuer = (alias: string): string => {
    const known = issuers().find((issuer) => nameIssuer(issuer) === alias);
    if (known !== undefined) return known.issuer;
    throw new ApiError(503, "issuer_unknown", "the issuer is not configured any more");
  };
  const publishers = configuration.lists.map((each) => {
    const key = readSigningKey(each.privateKey, each.algorithm);
    if ("problem" in key) throw new TypeError(`the schema let a signing key pass: ${key.problem}`);
    const signer = createKeySigner(key, each.keyId);
    const issuer = (): string => findIssuer(each.issuer);
    const parts = { configuration: each, issuer, store, signer, revocations, clock, logger, metrics };
    return [each.issuer, new ListPublisher(parts)] as const;
  });
  return {
    routes: listStatusListRoutes({ publishers: new Map(publishers), findIssuer, store, clock }),
    close: () => store.close(),
  };
}
