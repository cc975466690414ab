export type SyslogAddress =
  | { readonly kind: "udp" | "tcp" | "tls"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

const DEFAULT_PORTS = { udp: 514, tcp: 514, tls: 6514 } as const;
const NETWORK = /^(udp|tcp|tls):\/\/(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9.-]{1,253}))(?::([0-9]{1,5}))?$/;

/** Reads "udp://host:port", "tcp://…", "tls://…" or "unix:/absolute/path"; undefined for anything else. */
export function parseSyslogAddress(text: string): SyslogAddress | undefined {
  if (text.startsWith("unix:/")) return { kind: "unix", path: text.slice("unix:".length) };
  const [, kind, v6, name, port] = NETWORK.exec(text) ?? [];
  const host = v6 ?? name;
  if ((kind !== "udp" && kind !== "tcp" && kind !== "tls") || host === undefined) return undefined;
  const number = port === undefined ? DEFAULT_PORTS[kind] : Number(port);
  return number >= 1 && number <= 65_535 ? { kind, host, port: number } : undefined;
}
