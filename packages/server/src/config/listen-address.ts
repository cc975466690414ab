import type { ListenAddress } from "./configuration.ts";
import { RUNS_ON_BUN } from "./runtime.ts";

// The kernel's sun_path holds 108 bytes with its terminating zero.
const MAX_SOCKET_PATH_BYTES = 107;
const HOST_AND_PORT =
  /^(?:\[(?<v6>[0-9a-fA-F:.]{2,45})\]|(?<host>[A-Za-z0-9.-]{1,253})):(?<port>[0-9]{1,5})$/;

/** Reads "host:port", "[v6]:port" or "unix:/absolute/path"; undefined for anything else. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    const fits = Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
    return path.startsWith("/") && !path.includes("\0") && fits ? { kind: "unix", path } : undefined;
  }
  const groups = HOST_AND_PORT.exec(text)?.groups;
  const host = groups?.["v6"] ?? groups?.["host"];
  const port = Number(groups?.["port"]);
  return host !== undefined && port <= 65_535 ? { kind: "tcp", host, port } : undefined;
}

/** The inverse of `parseListenAddress`. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** True where only this machine can reach the address. */
export function isLocalAddress(address: ListenAddress): boolean {
  if (address.kind === "unix") return true;
  return (
    address.host === "localhost" || address.host === "::1" || /^127(?:\.[0-9]{1,3}){3}$/.test(address.host)
  );
}

export const DEFAULT_DECISION_LISTENER = "127.0.0.1:9400";
const DEFAULT_EXT_AUTHZ_LISTENER = "127.0.0.1:9401";

/** Address text of the ext_authz listener, or "off". Who places the decision listener places this one too. Bun has none. */
export function chooseExtAuthzListener(listeners: {
  readonly decision: string;
  readonly extAuthz?: string;
}): string {
  const isDefault = listeners.decision === DEFAULT_DECISION_LISTENER && !RUNS_ON_BUN;
  const { extAuthz = isDefault ? "on" : "off" } = listeners;
  return extAuthz === "on" ? DEFAULT_EXT_AUTHZ_LISTENER : extAuthz;
}

/** Address text of the proxy's listener: as written, else on where there is an upstream, else "off". */
export function chooseProxyListener(
  proxy: string | { readonly address: string } | undefined,
  upstreams: readonly unknown[],
): string {
  if (typeof proxy === "object") return proxy.address;
  return proxy ?? (upstreams.length === 0 ? "off" : "127.0.0.1:8080");
}
