/** Where the built-in proxy can forward to. */

import type { Configuration } from "./configuration.ts";
import type { UpstreamTlsConfiguration } from "./upstream-tls-configuration.ts";

export interface UpstreamTarget {
  /** Of `upstreams`; undefined for `upstream`, where routes lead that name none. */
  readonly name: string | undefined;
  /** Where it stands in the file. */
  readonly path: string;
  /** An origin, or "unix:/path". */
  readonly url: string;
  /** Its own, else `proxy.tls`. */
  readonly tls: UpstreamTlsConfiguration | undefined;
}

/** All of them: `upstream` first, then those of `upstreams`. */
export function listUpstreams({
  upstream,
  upstreams,
  proxy,
}: Pick<Configuration, "upstream" | "upstreams" | "proxy">): readonly UpstreamTarget[] {
  const named = Object.entries(upstreams).map(([name, own]): UpstreamTarget => {
    const { url, tls = proxy.tls } = typeof own === "string" ? { url: own } : own;
    return { name, path: `upstreams.${name}`, url, tls };
  });
  if (upstream === undefined) return named;
  return [{ name: undefined, path: "upstream", url: upstream, tls: proxy.tls }, ...named];
}
