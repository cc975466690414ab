/** Files with a secret of this sidecar's own: made at the first start, readable by its user alone. */

import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

import { ConfigurationError } from "countersign";

const MAX_FILE_BYTES = 4096;
const OTHERS = 0o077;
const KEY_BYTES = 32;

/** Where a file is named in the configuration. */
export interface SecretFile {
  readonly path: string;
  readonly place: string;
}

/**
 * The key of pseudonyms: 32 octets in base64url.
 * @throws ConfigurationError where the file cannot be made or read, others may read it, or it holds something else.
 */
export async function openPseudonymKey(file: SecretFile): Promise<Buffer> {
  const text = await openSecret(file, () => randomBytes(KEY_BYTES).toString("base64url"));
  const key = Buffer.from(text, "base64url");
  if (/^[A-Za-z0-9_-]+$/.test(text) && key.length >= KEY_BYTES) return key;
  return refuse(
    file,
    "the file holds no 32 octets or more in base64url",
    "Name a file that is not there: it is made.",
  );
}

/**
 * The key that signs heads: Ed25519, PKCS#8 in PEM.
 * @throws ConfigurationError as above.
 */
export async function openSigningKey(file: SecretFile): Promise<KeyObject> {
  const text = await openSecret(file, () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  });
  const key = readPrivateKey(text);
  if (key?.asymmetricKeyType === "ed25519") return key;
  return refuse(file, "the file holds no Ed25519 key", "Name a file that is not there: it is made.");
}

function readPrivateKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

async function openSecret(file: SecretFile, make: () => string): Promise<string> {
  try {
    const made = await createFile(file.path, make);
    if (made !== undefined) return made;
    const handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await readSecret(handle, file);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return refuse(
      file,
      `the file cannot be made or read (${code})`,
      "Name a file in a folder that this user may write.",
    );
  }
}

/** Undefined where there is a file already. */
async function createFile(path: string, make: () => string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, "wx", 0o600);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return undefined;
    throw error;
  }
  const text = make().trim();
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return text;
}

async function readSecret(handle: FileHandle, file: SecretFile): Promise<string> {
  const { mode, size } = await handle.stat();
  if ((mode & OTHERS) !== 0)
    return refuse(file, "others than its owner may read or write the file", "Run chmod 600 on it.");
  if (size > MAX_FILE_BYTES)
    return refuse(file, `the file holds ${size} bytes`, "Name a file with the key alone.");
  return (await handle.readFile("utf8")).trim();
}

function refuse({ place }: SecretFile, problem: string, remedy: string): never {
  throw new ConfigurationError([{ path: place, problem, remedy }]);
}
