/** What upstreams get beside the identity headers. Exchanges are one for all configurations that exchange alike. */

import { createAssertionCredentials } from "./assertion/assertion-credentials.ts";
import type { AssertionHost } from "./assertion/assertion-keys.ts";
import { createMinter } from "./assertion/mint-assertion.ts";
import type { Configuration } from "./config/configuration.ts";
import { createAudienceFinder } from "./config/route-assertion.ts";
import { createExchangeFinder, listExchanges } from "./config/route-exchange.ts";
import { combineCredentials, type UpstreamCredentials } from "./decision/upstream-credentials.ts";
import { createExchanger, type Exchanger } from "./exchange/create-exchanger.ts";
import { createExchangeCredentials } from "./exchange/exchange-credentials.ts";
import { Shared } from "./shared.ts";
import type { ExchangeSample, Metrics } from "./telemetry/metrics.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";

export interface ExchangeHost {
  readonly clock: () => number;
  readonly logger: OperationalLog;
  readonly metrics: Metrics;
}

/** What is remembered stays where the settings stay, over a reload too. */
export function shareExchangers(
  configuration: Configuration,
  { clock, logger, metrics }: ExchangeHost,
  previous: Shared<readonly Exchanger[]> | undefined,
): Shared<readonly Exchanger[]> {
  const exchanges = listExchanges(configuration);
  const settings = JSON.stringify(exchanges);
  if (previous?.settings === settings) return previous.retain();
  const host = {
    clock,
    logger,
    onAsked: (sample: ExchangeSample) => metrics.recordExchange(sample),
    onRecalled: (result: "hit" | "miss") => metrics.recordCache("exchange", result),
  };
  return new Shared<readonly Exchanger[]>(
    exchanges.map((exchange) => createExchanger(exchange, host)),
    {
      settings,
      async close(exchangers) {
        await Promise.all(exchangers.map((exchanger) => exchanger.close()));
      },
    },
  );
}

export interface CredentialHost extends ExchangeHost {
  readonly exchangers: readonly Exchanger[];
  readonly assertions?: AssertionHost;
}

/** Undefined where upstreams get nothing but identity headers. A refused exchange costs no signature. */
export function connectCredentials(
  configuration: Configuration,
  host: CredentialHost,
): UpstreamCredentials | undefined {
  const exchanged = createExchangeCredentials({
    exchangers: host.exchangers,
    findExchange: createExchangeFinder(configuration),
    forwardToken: configuration.proxy.forwardToken,
  });
  const signed = connectAssertions(configuration, host);
  return combineCredentials([exchanged, signed].filter((each) => each !== undefined));
}

function connectAssertions(
  { identityHeaders, upstreams }: Configuration,
  { assertions, clock, logger, metrics }: CredentialHost,
): UpstreamCredentials | undefined {
  const { assertion: configuration, prefix } = identityHeaders;
  if (configuration === undefined) return undefined;
  if (assertions === undefined) throw new TypeError("identities to be signed, and no keys for it");
  const mint = createMinter({
    lifetimeSeconds: configuration.lifetimeSeconds,
    sign: assertions.sign,
    clock,
    onSigned: (result) => metrics.recordAssertion(result),
    onRecalled: (result) => metrics.recordCache("assertion", result),
  });
  const findAudience = createAudienceFinder({ upstreams }, configuration);
  return createAssertionCredentials({ configuration, prefix, findAudience, mint, logger });
}
