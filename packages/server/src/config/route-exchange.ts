import type { Configuration, RouteConfiguration } from "./configuration.ts";
import type { NamedExchange } from "./exchange-configuration.ts";
import { nameIssuer } from "./issuer-alias.ts";

/** The name of the exchange that a route asks for; undefined where it asks for none. */
export type FindExchange = (route: Pick<RouteConfiguration, "exchange" | "upstream">) => string | undefined;

/** A route's own exchange, else that of the upstream where it leads. */
export function createExchangeFinder({ upstreams }: Pick<Configuration, "upstreams">): FindExchange {
  return ({ exchange, upstream }) => {
    if (exchange !== undefined || upstream === undefined) return exchange;
    const own = upstreams[upstream];
    return typeof own === "object" ? own.exchange : undefined;
  };
}

/** All of them, with whose tokens each may see. */
export function listExchanges({
  exchanges,
  issuers,
}: Pick<Configuration, "exchanges" | "issuers">): readonly NamedExchange[] {
  const [only] = issuers;
  const known = issuers.length === 1 && only !== undefined ? [nameIssuer(only)] : [];
  return Object.entries(exchanges).map(([name, exchange]) => ({
    name,
    issuers: exchange.issuers ?? known,
    exchange,
  }));
}
