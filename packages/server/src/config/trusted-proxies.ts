/** Who may describe somebody else's request: matching a peer against configured blocks of addresses. */

import { BlockList, isIP } from "node:net";

import type { ListenAddress } from "./configuration.ts";

/** The peer of a connection: an IP address, or "unix" for a Unix socket. */
export type Peer = string;

/** Tells whether a peer is one of the configured proxies. */
export type IsTrustedPeer = (peer: Peer) => boolean;

export const DEFAULT_TRUSTED_PROXIES: readonly string[] = Object.freeze(["127.0.0.0/8", "::1/128", "unix"]);

// Wider blocks name no one: 0.0.0.0/0, ::/0, and the halves by which a refusal of these is evaded.
const LEAST_PREFIX_BITS = { ipv4: 8, ipv6: 7 } as const;

// A gateway asks again and again from a few addresses.
const MAX_KNOWN_PEERS = 256;

type Block = { readonly address: string; readonly bits: number; readonly family: "ipv4" | "ipv6" };

/** What is wrong with an entry of `trustedProxies`; undefined where nothing is. */
export function checkTrustedProxy(entry: string): string | undefined {
  if (entry === "unix") return undefined;
  const block = parseBlock(entry);
  if (block === undefined)
    return `expected an IP address, a CIDR block or "unix", found "${entry.slice(0, 64)}"`;
  const least = LEAST_PREFIX_BITS[block.family];
  if (block.bits >= least) return undefined;
  return `a block of /${block.bits} trusts everyone; expected /${least} or narrower`;
}

/** Compiles entries that `checkTrustedProxy` accepts. */
export function createPeerMatcher(entries: readonly string[]): IsTrustedPeer {
  const blocks = new BlockList();
  for (const entry of entries) {
    const block = parseBlock(entry);
    if (block !== undefined) blocks.addSubnet(block.address, block.bits, block.family);
  }
  const trustsUnix = entries.includes("unix");
  const known = new Map<Peer, boolean>();
  return (peer) => {
    if (peer === "unix") return trustsUnix;
    const answered = known.get(peer);
    if (answered !== undefined) return answered;
    const address = unmapAddress(peer);
    const version = isIP(address);
    const isTrusted = version !== 0 && blocks.check(address, version === 4 ? "ipv4" : "ipv6");
    if (known.size >= MAX_KNOWN_PEERS) known.clear();
    known.set(peer, isTrusted);
    return isTrusted;
  };
}

/** Who is at the other end of a connection. An address that is gone with its connection is nobody's. */
export function identifyPeer(remoteAddress: string | undefined, listener: ListenAddress): Peer {
  return listener.kind === "unix" ? "unix" : unmapAddress(remoteAddress ?? "");
}

/** "::ffff:192.0.2.1", as dual-stack sockets report IPv4 peers, becomes "192.0.2.1"; a zone is cut off. */
function unmapAddress(address: string): string {
  if (!address.startsWith("::") && !address.includes("%")) return address;
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  return mapped ?? address.replace(/%.*$/, "");
}

function parseBlock(entry: string): Block | undefined {
  const [address = "", bitsText, ...rest] = entry.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes("%")) return undefined;
  const widest = version === 4 ? 32 : 128;
  if (bitsText !== undefined && !/^[0-9]{1,3}$/.test(bitsText)) return undefined;
  const bits = bitsText === undefined ? widest : Number(bitsText);
  return bits <= widest ? { address, bits, family: version === 4 ? "ipv4" : "ipv6" } : undefined;
}
