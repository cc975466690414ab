/** The feed of revocations as a worker has it: of its primary, page by page, at its own pace. */

import type { FeedSource } from "../stores/feed-follower.ts";
import type { ChangeQuery, FeedPage } from "../stores/revocation-store.ts";
import type { Channel } from "./channel.ts";
import type { PrimaryTopics, WorkerTopics } from "./messages.ts";

/** For a page that the primary has to read in the store. */
const READ_TIMEOUT_MS = 6000;
const WAIT_MARGIN_MS = 1000;

/** One question at a time; what is answered too late is asked again. */
export function createRelayedFeed(channel: Pick<Channel<PrimaryTopics, WorkerTopics>, "ask">): FeedSource {
  return {
    async read(query): Promise<FeedPage> {
      const askedAtMs = performance.now();
      const page = await channel.ask("readFeed", query, READ_TIMEOUT_MS);
      // As old as the primary said, however long the answer took: the question was asked after that.
      return { ...page, ageMs: (page.ageMs ?? 0) + Math.max(0, performance.now() - askedAtMs) };
    },
    async waitForChange({ after, timeoutMs, signal }: ChangeQuery): Promise<undefined> {
      if (signal.aborted) return undefined;
      const aborted = new Promise<undefined>((resolve) =>
        signal.addEventListener("abort", () => resolve(undefined), { once: true }),
      );
      const changed = channel.ask("awaitFeed", { after, timeoutMs }, timeoutMs + WAIT_MARGIN_MS);
      await Promise.race([changed, aborted]);
      changed.catch(() => undefined);
      return undefined;
    },
    // The primary does.
    expire: () => Promise.resolve(0),
  };
}
