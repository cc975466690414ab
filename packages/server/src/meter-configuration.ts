import type { Configuration } from "./config/configuration.ts";
import { isRemoteIssuer, nameIssuer } from "./config/issuer-alias.ts";
import type { ValidatorHost } from "./shared-validator.ts";

/** Tells metrics and log of a configuration that came into force, and forgets the keys of issuers that are gone. */
export function meterConfiguration(
  { configuration, hash }: { readonly configuration: Configuration; readonly hash: string },
  { metrics, logger, keyStores }: Pick<ValidatorHost, "metrics" | "logger" | "keyStores">,
): void {
  const issuers = configuration.issuers.map(nameIssuer);
  const remoteIssuers = configuration.issuers.filter(isRemoteIssuer).map(nameIssuer);
  const introspectedIssuers = configuration.introspection.map(({ alias }) => alias);
  const exchanges = Object.keys(configuration.exchanges);
  const signsAssertions = configuration.identityHeaders.assertion !== undefined;
  metrics.configure({ issuers, remoteIssuers, introspectedIssuers, exchanges, signsAssertions, hash });
  for (const { path, reason } of configuration.exceptions) {
    logger.warn({ path, reason }, "a weakness is accepted by the configuration");
  }
  keyStores.keepOnly(configuration.issuers);
}
