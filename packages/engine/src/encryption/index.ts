/** `countersign/encryption`: tokens that are signed and then encrypted. Web APIs and, handed in, `jose`. */

export {
  createTokenDecrypter,
  type JoseLibrary,
  type ReadyTokenDecrypter,
  type TokenDecrypterOptions,
} from "./create-token-decrypter.ts";
export type { ContentEncryption, KeyManagement, PrivateJwk } from "./encryption-keys.ts";
