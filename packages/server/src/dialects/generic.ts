import type { Dialect, DialectSettings } from "./dialect.ts";
import { createForwardAuthDialect } from "./forward-auth.ts";

/** `/authz`, for whatever sends `X-Forwarded-Method`, `-Uri`, `-Host` and `-Proto`. */
export function createGenericDialect(settings: DialectSettings): Dialect {
  return createForwardAuthDialect({ name: "generic", path: "/authz" }, settings);
}
