/** Something that configurations share as long as they ask for the same, such as a validator with its keys. */
export class Shared<T> {
  readonly value: T;
  /** Equal where two configurations ask for the same. */
  readonly settings: string;
  readonly #close: (value: T) => Promise<void>;
  #users = 1;

  constructor(value: T, setup: { readonly settings: string; readonly close: (value: T) => Promise<void> }) {
    this.value = value;
    this.settings = setup.settings;
    this.#close = setup.close;
  }

  /** One more user. Only while there is another. */
  retain(): this {
    this.#users += 1;
    return this;
  }

  /** One user less; the last one closes it. */
  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users === 0) await this.#close(this.value);
  }
}
