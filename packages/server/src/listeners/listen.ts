/** Binding of node's servers. */

import { once } from "node:events";
import { chmod, lstat, unlink } from "node:fs/promises";
import type { Server } from "node:net";
import { connect } from "node:net";

import type { ListenAddress } from "../config/configuration.ts";
import { formatListenAddress } from "../config/listen-address.ts";

// The group may connect: gateways run as another user of the same group.
export const SOCKET_MODE = 0o660;

/**
 * Starts listening and gives the address, with the port that was taken.
 * @throws Error that names the address and the cause.
 */
export async function listen(server: Server, address: ListenAddress): Promise<string> {
  const isShared = address.shared === true;
  if (address.kind === "unix" && !isShared) await removeStaleSocket(address.path);
  const target =
    address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
  try {
    server.listen({ ...target, exclusive: !isShared });
    await once(server, "listening");
    if (address.kind === "unix") await chmod(address.path, SOCKET_MODE);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new Error(`cannot listen on ${formatListenAddress(address)} (${code})`, { cause: error });
  }
  const bound = server.address();
  if (address.kind === "unix" || bound === null || typeof bound === "string")
    return formatListenAddress(address);
  return formatListenAddress({ ...address, port: bound.port });
}

/** A socket file that nobody listens on is left over from a process that died. Any other file is somebody's. */
export async function removeStaleSocket(path: string): Promise<void> {
  const isSocket = await lstat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
  if (!isSocket) return;
  const probe = connect({ path });
  try {
    await once(probe, "connect");
  } catch (error) {
    const isLeftOver = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
    if (isLeftOver) await unlink(path);
  } finally {
    probe.destroy();
  }
}
