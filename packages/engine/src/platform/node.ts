/** Back end on node:crypto, for Node, Bun and Deno: synchronous, with keys parsed once. */

import { Buffer } from "node:buffer";
import type { KeyObject, VerifyKeyObjectInput } from "node:crypto";
import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  createSecretKey,
  randomUUID,
  timingSafeEqual,
  verify as verifySignature,
} from "node:crypto";
import { open, rename, unlink } from "node:fs/promises";
import type { Algorithm } from "../algorithms.ts";
import type { KeySetStore } from "../ports.ts";
import { hasCanonicalForm } from "./check-signature-form.ts";
import { encodeEcdsaSignature } from "./encode-ecdsa.ts";
import { ThreadPool } from "./node-thread-pool.ts";
import type { NativeKey, Platform, PublicJwk, VerifyInput } from "./platform.ts";
import { findProbeKey } from "./probe-keys.ts";

/** What `verify` is called with for one key, made once at import. */
interface NodeKey extends NativeKey {
  readonly native: { readonly key: KeyObject | VerifyKeyObjectInput; readonly digest: string | undefined };
}

/** Largest key set file that is read or written, in octets. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Options only where the defaults for a key are not those of JOSE: on Node 24 they are dear. */
function createNodeKey({ family, hash, saltBytes = 0 }: Algorithm, key: KeyObject): NodeKey {
  const digest = hash?.replace("-", "").toLowerCase();
  if (family !== "rsa-pss") return { native: { key, digest } };
  // The default padding is that of PKCS #1 v1.5, and the default salt length takes any salt; JOSE allows one
  // (RFC 7518 section 3.5).
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return { native: { key: { key, padding, saltLength: saltBytes }, digest } };
}

function importKey(algorithm: Algorithm, jwk: PublicJwk): NodeKey {
  return createNodeKey(algorithm, createPublicKey({ key: { ...jwk }, format: "jwk" }));
}

const pool = new ThreadPool();
/** Others that speak node:crypto have no such pool, or answer late without one. */
const hasPool = process.release.name === "node" && !("bun" in process.versions || "deno" in process.versions);

function verify(algorithm: Algorithm, key: NativeKey, input: VerifyInput): boolean | Promise<boolean> {
  const { signed, mayWait = false } = input;
  const { digest, key: object } = (key as NodeKey).native;
  if (!hasCanonicalForm(algorithm, input.signature)) return false;
  if (algorithm.family === "hmac") return verifyHmac(digest ?? "", object as KeyObject, input);
  const signature = algorithm.family === "ecdsa" ? encodeEcdsaSignature(input.signature) : input.signature;
  if (mayWait && hasPool && pool.takes(algorithm, input.signature.length)) {
    return pool.run((done) => verifySignature(digest, signed, object, signature, done));
  }
  return verifySignature(digest, signed, object, signature);
}

function verifyHmac(digest: string, secret: KeyObject, { signature, signed }: VerifyInput): boolean {
  const expected = createHmac(digest, secret).update(signed).digest();
  return expected.length === signature.length && timingSafeEqual(expected, signature);
}

const supported = new Map<string, boolean>();

/** Imports a known key and verifies a signature of zeros with it: a runtime without the algorithm throws. */
function probe(algorithm: Algorithm): boolean {
  const jwk = findProbeKey(algorithm);
  if (jwk === undefined) return true;
  const signature = new Uint8Array(algorithm.signatureBytes ?? 0);
  try {
    return !verify(algorithm, importKey(algorithm, jwk), { signature, signed: new Uint8Array(1) });
  } catch {
    return false;
  }
}

function supports(algorithm: Algorithm): boolean {
  let answer = supported.get(algorithm.name);
  if (answer === undefined) {
    answer = probe(algorithm);
    supported.set(algorithm.name, answer);
  }
  return answer;
}

/**
 * The runtime's decoder is by far the quickest, and lax: it skips most other characters, so that octets are missing,
 * takes those of plain base64 too, and reads only the low byte of what is not ASCII.
 */
function decodeBase64url(text: string): Uint8Array | undefined {
  if (Buffer.byteLength(text) !== text.length || text.includes("+") || text.includes("/")) return undefined;
  const octets = Buffer.from(text, "base64url");
  return octets.length === (text.length * 3) >> 2 ? octets : undefined;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

async function readBounded(path: string): Promise<string | undefined> {
  const file = await open(path, "r").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  });
  if (!file) return undefined;
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new Error("The key set file is not a regular file");
    const { size } = status;
    if (size > MAX_FILE_BYTES) throw tooLarge(size);
    // One octet more than it had, to notice a file that grows meanwhile.
    const buffer = Buffer.alloc(size + 1);
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (filled > size) throw new Error("The key set file changed while it was read");
    const text = decodeUtf8(buffer.subarray(0, filled));
    if (text === undefined) throw new Error("The key set file is not UTF-8; delete it");
    return text;
  } finally {
    await file.close();
  }
}

function tooLarge(size: number): Error {
  return new Error(`The key set file has ${size} octets, more than the limit of ${MAX_FILE_BYTES}`);
}

/** Readers see the old text or the new one, never a part: the rename replaces the file at once. */
async function replaceFile(path: string, text: string): Promise<void> {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > MAX_FILE_BYTES) throw tooLarge(bytes.length);
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, "wx", 0o600);
  try {
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

function fileStore(path: string): KeySetStore {
  return { read: () => readBounded(path), write: (text) => replaceFile(path, text) };
}

export const platform: Platform = {
  name: "node",
  synchronous: true,
  supports,
  importKey,
  importSecret: (algorithm, secret) => createNodeKey(algorithm, createSecretKey(secret)),
  verify,
  sha256: (data) => createHash("sha256").update(data).digest("base64url"),
  hmacSha256: (secret, text) => createHmac("sha256", secret).update(text).digest("base64url"),
  decodeBase64url,
  encodeAscii: (text) => Buffer.from(text, "latin1"),
  decodeUtf8,
  fileStore,
};
