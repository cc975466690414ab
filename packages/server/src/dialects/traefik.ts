import type { Dialect, DialectSettings } from "./dialect.ts";
import { createForwardAuthDialect } from "./forward-auth.ts";

/**
 * `/authz/traefik`, for ForwardAuth. Traefik writes the four headers itself, unless `trustForwardHeader` is on.
 * It takes 2xx as allowed and copies any other answer to the client.
 */
export function createTraefikDialect(settings: DialectSettings): Dialect {
  return createForwardAuthDialect({ name: "traefik", path: "/authz/traefik" }, settings);
}
