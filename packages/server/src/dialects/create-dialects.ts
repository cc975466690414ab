import type { Configuration } from "../config/configuration.ts";
import { listIdentityHeaders } from "../decision/identity-headers.ts";
import { createNamespace } from "../decision/protected-headers.ts";
import { createCaddyDialect } from "./caddy.ts";
import type { Dialect, DialectSettings } from "./dialect.ts";
import { createEnvoyHttpDialect } from "./envoy-http.ts";
import { createGenericDialect } from "./generic.ts";
import { createNginxDialect } from "./nginx.ts";
import { createTraefikDialect } from "./traefik.ts";
import { createUnknownIdentityCheck } from "./unknown-identity.ts";

/** What every dialect of a configuration needs. */
export function createDialectSettings(
  configuration: Pick<Configuration, "identityHeaders" | "nginx" | "proxy" | "realm">,
): DialectSettings {
  const { prefix } = configuration.identityHeaders;
  return {
    realm: configuration.realm,
    prefix,
    isOwn: createNamespace(prefix),
    forwardToken: configuration.proxy.forwardToken,
    flattenUnavailable: configuration.nginx.flattenUnavailable,
    decisionMaxAgeSeconds: configuration.nginx.decisionMaxAgeSeconds ?? 0,
    refuseUnknownIdentity: createUnknownIdentityCheck([
      ...listIdentityHeaders(configuration.identityHeaders),
      `${prefix}status`,
      `${prefix}reason`,
    ]),
  };
}

/** Every dialect that is spoken over HTTP. */
export function createHttpDialects(settings: DialectSettings): readonly Dialect[] {
  return [
    createGenericDialect(settings),
    createNginxDialect(settings),
    createTraefikDialect(settings),
    createCaddyDialect(settings),
    createEnvoyHttpDialect(settings),
  ];
}
