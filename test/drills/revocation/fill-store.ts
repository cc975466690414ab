import { RedisRevocationStore } from "../../../packages/server/src/stores/redis-revocation-store.ts";
import { MAX_APPENDED } from "../../../packages/server/src/stores/revocation-store.ts";

const AT_A_TIME = 4;
const HOUR_MS = 3_600_000;

/** Appends so many revocations of tokens. */
export async function fillStore(redisUrl: string, entries: number): Promise<void> {
  const store = new RedisRevocationStore({ urls: [redisUrl], timeoutMs: 30_000 });
  const createdAtMs = Date.now();
  let next = 0;
  const append = async (): Promise<void> => {
    while (next < entries) {
      const first = next;
      next += MAX_APPENDED;
      const size = Math.min(MAX_APPENDED, entries - first);
      await store.append(
        Array.from({ length: size }, (_, index) => ({
          id: `fill-${first + index}`,
          target: {
            kind: "token" as const,
            issuer: "https://idp.example.com/",
            value: `fill-${first + index}`,
          },
          status: "revoked" as const,
          actor: "drill",
          reason: "drill",
          createdAtMs,
          expiresAtMs: createdAtMs + HOUR_MS,
        })),
      );
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, append));
  } finally {
    await store.close();
  }
}
