/** A queue out of whose middle entries can be taken, without anything being allocated for it. */

export interface QueueEntry<E> {
  before: E | undefined;
  after: E | undefined;
}

export class EntryQueue<E extends QueueEntry<E>> {
  #first: E | undefined;
  #last: E | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The entry that has been here the longest. */
  get first(): E | undefined {
    return this.#first;
  }

  /** Appends an entry that is in no queue. */
  push(entry: E): void {
    entry.before = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.after = entry;
    this.#last = entry;
    this.#size++;
  }

  /** Takes out an entry of this queue. */
  remove(entry: E): void {
    const { before, after } = entry;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    entry.before = undefined;
    entry.after = undefined;
    this.#size--;
  }
}
