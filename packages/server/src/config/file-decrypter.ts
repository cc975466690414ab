/** What opens the encrypted tokens of an issuer, from its configuration. */

import { createHash, createPrivateKey } from "node:crypto";
import {
  ConfigurationError,
  type ConfigurationProblem,
  type OpenedToken,
  type TokenDecrypter,
} from "countersign";
import { type ContentEncryption, createTokenDecrypter } from "countersign/encryption";
import { compactDecrypt, importJWK } from "jose";
import type { FileEncryption } from "./encryption-schema.ts";
import type { FileIssuer } from "./file-configuration.ts";

/** Two configurations with other keys differ in `key`, which stands for them wherever configurations are compared. */
export class FileDecrypter implements TokenDecrypter {
  readonly key: string;
  readonly #decrypter: TokenDecrypter;

  /** @throws ConfigurationError */
  constructor({ keys, contentEncryptions, maxConcurrent }: FileEncryption) {
    const settings = JSON.stringify({ keys, contentEncryptions, maxConcurrent });
    this.key = createHash("sha256").update(settings).digest("base64url");
    this.#decrypter = createTokenDecrypter({
      jose: { importJWK, compactDecrypt },
      keys: keys.keys,
      ...(contentEncryptions && { contentEncryptions: contentEncryptions as readonly ContentEncryption[] }),
      ...(maxConcurrent !== undefined && { maxConcurrent }),
    });
  }

  holdsKeyOf(token: string): boolean {
    return this.#decrypter.holdsKeyOf(token);
  }

  open(token: string): Promise<OpenedToken | "busy" | undefined> {
    return this.#decrypter.open(token);
  }
}

/** What is wrong with the keys that issuers encrypt to; none of it shows anything of a key. */
export function findEncryptionProblems(
  issuers: readonly Pick<FileIssuer, "encryption">[],
): readonly ConfigurationProblem[] {
  return issuers.flatMap(({ encryption }, index) => {
    if (encryption === undefined) return [];
    const path = `issuers[${index}].encryption`;
    return findProblems(encryption).map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
  });
}

function findProblems(encryption: FileEncryption): readonly ConfigurationProblem[] {
  try {
    new FileDecrypter(encryption);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map((problem) => ({
      ...problem,
      path: problem.path.replace(/^keys/, "keys.keys"),
    }));
  }
  return encryption.keys.keys.flatMap((jwk, index): readonly ConfigurationProblem[] => {
    try {
      createPrivateKey({ key: jwk, format: "jwk" });
      return [];
    } catch {
      const problem = "is refused by this runtime's crypto";
      return [{ path: `keys.keys[${index}]`, problem, remedy: "Check that the key is whole and valid" }];
    }
  });
}
