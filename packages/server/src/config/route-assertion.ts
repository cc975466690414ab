import type { AssertionConfiguration } from "./assertion-configuration.ts";
import type { Configuration, RouteConfiguration } from "./configuration.ts";

/** Whom the assertion of a request on this route is for. */
export type FindAudience = (route: Pick<RouteConfiguration, "assertionAudience" | "upstream">) => string;

/** A route's own audience, else that of the upstream where it leads, else the one for all. */
export function createAudienceFinder(
  { upstreams }: Pick<Configuration, "upstreams">,
  { audience }: Pick<AssertionConfiguration, "audience">,
): FindAudience {
  return ({ assertionAudience, upstream }) => {
    if (assertionAudience !== undefined) return assertionAudience;
    const own = upstream === undefined ? undefined : upstreams[upstream];
    return (typeof own === "object" ? own.assertionAudience : undefined) ?? audience;
  };
}
