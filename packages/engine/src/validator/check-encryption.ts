import { isObject } from "../token/describe-kind.ts";
import type { EncryptionRules } from "./judged-issuer.ts";
import type { EncryptionOptions } from "./options.ts";
import type { Place } from "./place.ts";
import { readAnything, readOptions } from "./read-options.ts";

const RULES = { decrypter: readAnything, plain: readAnything };

/** How an issuer's tokens are encrypted; undefined where they are only signed. */
export function readEncryption(value: unknown, place: Place): EncryptionRules | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) return place.expect("an object", value, "Give { decrypter }");
  const { decrypter, plain = "refused" } = readOptions(value, { rules: RULES, place });
  const { holdsKeyOf, open } = isObject(decrypter) ? decrypter : {};
  if (typeof holdsKeyOf !== "function" || typeof open !== "function") {
    const remedy = "Make it with createTokenDecrypter of countersign/encryption";
    place.at("decrypter").expect("a decrypter of tokens", decrypter, remedy);
  }
  if (plain !== "refused" && plain !== "accepted") {
    const remedy = 'Leave it out, or write "accepted" while the issuer changes over';
    place.at("plain").expect('"refused" or "accepted"', plain, remedy);
  }
  return { decrypter: decrypter as EncryptionOptions["decrypter"], plainAccepted: plain === "accepted" };
}
