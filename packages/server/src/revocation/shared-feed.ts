/**
 * The feed for several processes: one reads the store, and keeps the newest records for the others. Each of them reads at
 * its own pace and asks for what it lacks, so that one which stands still costs nothing.
 */

import type { FeedSource } from "../stores/feed-follower.ts";
import type {
  ChangeQuery,
  FeedHead,
  FeedPage,
  FeedRecord,
  RevocationStore,
} from "../stores/revocation-store.ts";

/** Records that are kept; who is further behind reads the store. */
const KEPT_RECORDS = 2000;
/** Readers that wait for news; one for each process and some to spare. */
const MAX_WAITING = 1024;

export class SharedFeed implements FeedSource {
  readonly #store: FeedSource;
  #records: FeedRecord[] = [];
  /** Of the last page that reached the end of the feed. */
  #head: FeedHead | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  readonly #waiting = new Set<() => void>();

  constructor(store: Pick<RevocationStore, "read" | "waitForChange" | "expire">) {
    this.#store = store;
  }

  /** For the process that has the store. */
  async read(query: { readonly after: number; readonly limit: number }): Promise<FeedPage> {
    const askedAtMs = performance.now();
    const page = await this.#store.read(query);
    this.#take(page, { ...query, askedAtMs });
    return page;
  }

  async waitForChange(query: ChangeQuery): Promise<FeedPage | undefined> {
    const askedAtMs = performance.now();
    const news = await this.#store.waitForChange(query);
    const { after, limit = 0 } = query;
    if (news !== undefined) this.#take(news, { after, limit, askedAtMs });
    return news;
  }

  expire(limit: number): Promise<number> {
    return this.#store.expire(limit);
  }

  /** For the others: of what is kept, and so as old as that, where it follows on `after`; else of the store. */
  async readRecent({ after, limit }: { readonly after: number; readonly limit: number }): Promise<FeedPage> {
    const head = this.#head;
    const first = this.#records[0];
    const start = first === undefined ? head?.position : first.position - 1;
    if (head === undefined || start === undefined || after < start || after > head.position) {
      return this.#store.read({ after, limit });
    }
    const records = this.#records.slice(after - start, after - start + limit);
    return { records, head, ageMs: performance.now() - this.#readAtMs };
  }

  /** Resolves when there is something else than what ends at `after`, at the latest after `timeoutMs`. */
  async waitForRecent(after: number, timeoutMs: number): Promise<void> {
    if (this.#waiting.size >= MAX_WAITING) throw new Error("too many wait for revocations");
    if (this.#head !== undefined && this.#head.position !== after) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, timeoutMs);
      this.#waiting.add(end);
    });
  }

  /** Ends all waiting. */
  close(): void {
    for (const end of this.#waiting) end();
  }

  #take(
    page: FeedPage,
    asked: { readonly after: number; readonly limit: number; readonly askedAtMs: number },
  ): void {
    if (page.records.length < asked.limit) this.#keep(page, asked.after, asked.askedAtMs);
    else this.#forgetUnless(page, asked.after);
  }

  #keep({ records, head }: FeedPage, after: number, askedAtMs: number): void {
    this.#readAtMs = askedAtMs;
    const isNext = this.#head?.position === after && isSequence(records, this.#head);
    const hadAnother = this.#head?.position !== head.position || this.#head.mark !== head.mark;
    if (isNext) this.#records = [...this.#records, ...records].slice(-KEPT_RECORDS);
    // What expired is missing between them: only what is whole can be counted through.
    else if (hadAnother) this.#records = takeLastSequence(records, head);
    this.#head = head;
    if (hadAnother) for (const end of this.#waiting) end();
  }

  /** A page of many: those behind it come with the next. */
  #forgetUnless({ records }: FeedPage, after: number): void {
    if (this.#head?.position === after && isSequence(records, this.#head)) {
      const last = records.at(-1);
      this.#records = [...this.#records, ...records].slice(-KEPT_RECORDS);
      if (last !== undefined) this.#head = { position: last.position, mark: last.mark };
      for (const end of this.#waiting) end();
      return;
    }
    this.#records = [];
    this.#head = undefined;
  }
}

function isSequence(records: readonly FeedRecord[], before: FeedHead): boolean {
  let { position, mark } = before;
  for (const record of records) {
    if (record.position !== position + 1 || record.previousMark !== mark) return false;
    ({ position, mark } = record);
  }
  return true;
}

/** The records at the end that follow on each other without a gap, up to the head. */
function takeLastSequence(records: readonly FeedRecord[], head: FeedHead): FeedRecord[] {
  if (records.at(-1)?.position !== head.position) return [];
  let start = records.length - 1;
  while (start > 0 && records[start - 1]?.position === (records[start]?.position ?? 0) - 1) start--;
  return records.slice(Math.max(start, records.length - KEPT_RECORDS));
}
