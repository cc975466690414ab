import type { Dialect, DialectSettings } from "./dialect.ts";
import { createForwardAuthDialect } from "./forward-auth.ts";

/**
 * `/authz/caddy`, for `forward_auth`. Caddy writes the four headers itself. It takes 2xx as allowed and copies any
 * other answer to the client. Caddy 2.6 sets a header that `copy_headers` lists and an answer lacks to the name
 * of a placeholder, so every answer carries all of them; and it appends the client's query to our path.
 */
export function createCaddyDialect(settings: DialectSettings): Dialect {
  return createForwardAuthDialect({ name: "caddy", path: "/authz/caddy" }, settings);
}
