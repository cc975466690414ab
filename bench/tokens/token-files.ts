/** The keys of a run and the files of its tokens, each made once, when it is first asked for. */

import path from "node:path";
import { type BenchAlgorithm, createKey, type SigningKey } from "./key-material.ts";
import { signTokens, type TokenOptions } from "./sign-tokens.ts";
import { writeTokens } from "./token-source.ts";

export interface TokenFile {
  readonly path: string;
  readonly tokens: readonly string[];
  /** Of one token. */
  readonly bytes: number;
}

export class TokenFiles {
  readonly #folder: string;
  readonly #keys = new Map<BenchAlgorithm, SigningKey>();
  readonly #files = new Map<string, TokenFile>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  key(algorithm: BenchAlgorithm): SigningKey {
    const key = this.#keys.get(algorithm) ?? createKey(algorithm);
    this.#keys.set(algorithm, key);
    return key;
  }

  /** Distinct tokens that pass. */
  async sign(
    algorithm: BenchAlgorithm,
    count: number,
    options: Omit<TokenOptions, "claimsOf"> = {},
  ): Promise<TokenFile> {
    const name = `${algorithm}-${count}-${JSON.stringify(options)}`;
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const created = this.write(await signTokens(this.key(algorithm), count, options));
    this.#files.set(name, created);
    return created;
  }

  /** Tokens of the caller's own making. */
  write(tokens: readonly string[]): TokenFile {
    const file = path.join(this.#folder, `tokens-${crypto.randomUUID()}.txt`);
    writeTokens(file, tokens);
    return { path: file, tokens, bytes: tokens[0]?.length ?? 0 };
  }
}
