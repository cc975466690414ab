/** The operators' token: a file that only the user of the sidecar can read. */

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

import { ConfigurationError } from "countersign";

const TOKEN = /^[A-Za-z0-9_-]{32,256}$/;
const TOKEN_BYTES = 32;
const MAX_FILE_BYTES = 1024;
const OTHERS = 0o077;

/**
 * Gives the token of the file, which is made, with mode 0600, where there is none.
 * @throws ConfigurationError where it cannot be made or read, others may read it, or it holds no token.
 */
export async function openTokenFile(path: string): Promise<string> {
  try {
    const made = await createFile(path);
    if (made !== undefined) return made;
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await readToken(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return refuse(
      `the file cannot be made or read (${code})`,
      "Name a file in a folder that this user may write.",
    );
  }
}

/** Undefined where there is a file already. */
async function createFile(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, "wx", 0o600);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return undefined;
    throw error;
  }
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  try {
    await file.writeFile(`${token}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return token;
}

async function readToken(file: FileHandle): Promise<string> {
  const { mode, size } = await file.stat();
  if ((mode & OTHERS) !== 0)
    return refuse("others than its owner may read or write the file", "Run chmod 600 on it.");
  if (size > MAX_FILE_BYTES) return refuse(`the file holds ${size} bytes`, "Delete it: a new one is made.");
  const token = (await file.readFile("utf8")).trim();
  if (TOKEN.test(token)) return token;
  return refuse("the file holds no token of 32 to 256 of A-Z a-z 0-9 - _", "Delete it: a new one is made.");
}

function refuse(problem: string, remedy: string): never {
  throw new ConfigurationError([{ path: "api.tokenFile", problem, remedy }]);
}
