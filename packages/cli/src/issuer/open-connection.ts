import { lookup } from "node:dns/promises";
import type { Socket } from "node:net";
import { connect, isIP } from "node:net";
import { readErrorCode } from "../file-error.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import { openTls } from "./open-tls.ts";

/** Most addresses of a name that are tried. */
const MAX_ADDRESSES = 4;

/**
 * Resolves the host, connects and, for https, makes TLS, with one step each.
 *
 * @throws ProbeStopped where one of them fails.
 */
export async function openConnection(url: URL, options: ConnectionOptions): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) === 0 ? await resolveHost(host, options) : [host];
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const socket = await connectFirst({ addresses, port }, options);
  if (url.protocol === "http:") return socket;
  return openTls({ socket, host }, options);
}

async function resolveHost(host: string, { log, target, timeoutMs }: ConnectionOptions): Promise<string[]> {
  const started = performance.now();
  try {
    const found = await withTimeout(lookup(host, { all: true }), timeoutMs);
    const addresses = found.map(({ address }) => address).slice(0, MAX_ADDRESSES);
    log.add(target, {
      name: "dns",
      outcome: "passed",
      detail: `${host} is ${addresses.join(", ")}`,
      durationMs: performance.now() - started,
    });
    return addresses;
  } catch (error) {
    return log.fail(target, {
      name: "dns",
      fault: "unreachable",
      detail: `${host} does not resolve (${readErrorCode(error) ?? "no answer in time"})`,
      remedy: "Check the spelling of the host, and the name servers of this machine (/etc/resolv.conf).",
      durationMs: performance.now() - started,
    });
  }
}

async function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("timeout")), timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function connectFirst(
  { addresses, port }: { readonly addresses: readonly string[]; readonly port: number },
  { log, target, timeoutMs }: ConnectionOptions,
): Promise<Socket> {
  const started = performance.now();
  const failures: string[] = [];
  for (const address of addresses) {
    const place = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    const result = await connectOnce({ address, port }, timeoutMs);
    if (typeof result === "string") {
      failures.push(`${place} ${result}`);
      continue;
    }
    const trouble = failures.length === 0 ? "" : `, but ${failures.join(", ")}`;
    log.add(target, {
      name: "tcp",
      outcome: failures.length === 0 ? "passed" : "warning",
      detail: `connected to ${place}${trouble}`,
      ...(failures.length > 0 && {
        remedy: "Repair or withdraw the addresses that do not answer: clients lose time on them.",
      }),
      durationMs: performance.now() - started,
    });
    return result;
  }
  return log.fail(target, {
    name: "tcp",
    fault: "unreachable",
    detail: failures.join(", "),
    remedy:
      "Check that the service runs, and that firewalls and egress rules let this machine reach the port.",
    durationMs: performance.now() - started,
  });
}

/** A connected socket, or why there is none. */
function connectOnce(
  place: { readonly address: string; readonly port: number },
  timeoutMs: number,
): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = connect({ host: place.address, port: place.port });
    const fail = (reason: string): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(timeoutMs, () => fail(`did not answer within ${timeoutMs} ms`));
    socket.once("error", (error) => fail(describeConnectError(error)));
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("error").removeAllListeners("timeout");
      resolve(socket);
    });
  });
}

function describeConnectError(error: Error): string {
  const code = readErrorCode(error);
  if (code === "ECONNREFUSED") return "refused the connection";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "is unreachable from here";
  return `failed (${code ?? "unknown error"})`;
}
