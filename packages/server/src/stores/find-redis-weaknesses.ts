import type { RedisLink } from "./redis-link.ts";

interface Demand {
  readonly setting: string;
  readonly isMet: (value: string) => boolean;
  readonly remedy: string;
}

const DEMANDS: readonly Demand[] = [
  {
    setting: "appendonly",
    isMet: (value) => value === "yes",
    remedy: "set it to yes, or a restart of Redis forgets what was revoked",
  },
  {
    setting: "appendfsync",
    isMet: (value) => value === "always",
    remedy: "set it to always, or a crash of its machine takes back the last second",
  },
  {
    setting: "maxmemory-policy",
    isMet: (value) => value === "noeviction",
    remedy: "set it to noeviction, or Redis forgets what was revoked or used when its memory is full",
  },
];

/** What of the server's configuration may lose acknowledged writes, and what to do; for people. */
export async function findRedisWeaknesses(link: RedisLink, key: string): Promise<readonly string[]> {
  const weaknesses: string[] = [];
  for (const { setting, isMet, remedy } of DEMANDS) {
    const value = await readSetting(link, { key, setting });
    if (value === undefined)
      weaknesses.push(`${setting} cannot be read (it takes the right to CONFIG GET): ${remedy}`);
    else if (!isMet(value)) weaknesses.push(`${setting} is ${value}: ${remedy}`);
  }
  return weaknesses;
}

async function readSetting(
  link: RedisLink,
  { key, setting }: { readonly key: string; readonly setting: string },
): Promise<string | undefined> {
  try {
    const answer = await link.send({ key, args: ["CONFIG", "GET", setting] });
    const value: unknown = Array.isArray(answer) ? answer[1] : undefined;
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
