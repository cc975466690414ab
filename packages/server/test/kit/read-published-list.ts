import { inflateSync } from "node:zlib";

/** What a status list token says, without any check of it. */
export async function readPublished(text = ""): Promise<{
  readonly claims: Readonly<Record<string, unknown>>;
  /** By index. */
  readonly statuses: readonly number[];
}> {
  const [, payload = ""] = text.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Record<string, unknown>;
  const { bits, lst } = claims["status_list"] as { bits: number; lst: string };
  const statuses: number[] = [];
  for (const octet of inflateSync(Buffer.from(lst, "base64url"))) {
    for (let shift = 0; shift < 8; shift += bits) statuses.push((octet >> shift) & ((1 << bits) - 1));
  }
  return { claims, statuses };
}
