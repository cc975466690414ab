import type { ClosableStatusLists } from "countersign";
import type {
  KeyAnswer,
  KeyPublisher,
  KeyQuestion,
  KeySharing,
  SharedKeys,
  SharedStatusList,
  StatusListQuestion,
} from "countersign/sharing";
import { createKeyPublisher } from "countersign/sharing";

/** The publishers of this process, one for each validator that it has made, and their names for workers; status lists go with them. */
export class PublishedKeys {
  readonly #publishers = new Map<number, KeyPublisher>();
  readonly #statusLists = new Map<number, ClosableStatusLists>();
  readonly #onChange: (keysId: number, issuer: string, keys: SharedKeys) => void;
  #lastId = 0;

  constructor(onChange: (keysId: number, issuer: string, keys: SharedKeys) => void) {
    this.#onChange = onChange;
  }

  /** For a validator that is being made. */
  open(): KeySharing {
    const keysId = ++this.#lastId;
    const publisher = createKeyPublisher({
      onChange: (issuer, keys) => this.#onChange(keysId, issuer, keys),
    });
    this.#publishers.set(keysId, publisher);
    return publisher;
  }

  /** The name of a publisher, and what it has. */
  describe(sharing: KeySharing | undefined): {
    readonly keysId: number;
    readonly keys: readonly (readonly [string, SharedKeys])[];
  } {
    for (const [keysId, publisher] of this.#publishers) {
      if (publisher === sharing) return { keysId, keys: [...publisher.read()] };
    }
    return { keysId: 0, keys: [] };
  }

  /** The lists of the same validator, for the same workers. */
  addStatusLists(sharing: KeySharing | undefined, lists: ClosableStatusLists | undefined): void {
    if (lists !== undefined) this.#statusLists.set(this.describe(sharing).keysId, lists);
  }

  /** Undefined where the list cannot be had. */
  async findStatusList(keysId: number, question: StatusListQuestion): Promise<SharedStatusList | undefined> {
    return this.#statusLists.get(keysId)?.share(question);
  }

  /** Of publishers that are gone nothing can be had. */
  async answer(keysId: number, question: KeyQuestion): Promise<readonly KeyAnswer[]> {
    return (await this.#publishers.get(keysId)?.answer(question)) ?? [];
  }

  /** Forgets a publisher whose validator is closed. */
  forget(sharing: KeySharing | undefined): void {
    const { keysId } = this.describe(sharing);
    this.#publishers.delete(keysId);
    this.#statusLists.delete(keysId);
  }
}
