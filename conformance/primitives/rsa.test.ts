import assert from "node:assert/strict";
import type { AlgorithmName } from "../../packages/engine/src/algorithms.ts";
import { judgePrimitive } from "./judge-primitive.ts";
import { LabelCheck, type LabelException, refusedBecause, type Tally } from "./tally.ts";
import {
  fromHex,
  hexToBase64url,
  type JsonKey,
  testVectors,
  type WycheproofGroup,
  type WycheproofTest,
} from "./wycheproof-file.ts";

interface RsaFile {
  readonly name: string;
  readonly algorithm: AlgorithmName;
  readonly expected: Tally;
  readonly except?: (vector: WycheproofTest, group: WycheproofGroup) => LabelException | undefined;
}

const FILES: readonly RsaFile[] = [
  {
    name: "rsa_signature_2048_sha256",
    algorithm: "RS256",
    expected: { "key refused": 2, "length refused": 2, "signature refused": 248, accepted: 7 },
    except: ofPkcs1,
  },
  {
    name: "rsa_signature_2048_sha384",
    algorithm: "RS384",
    expected: { "length refused": 2, "signature refused": 249, accepted: 7 },
    except: ofPkcs1,
  },
  {
    name: "rsa_signature_2048_sha512",
    algorithm: "RS512",
    expected: { "key refused": 1, "length refused": 2, "signature refused": 249, accepted: 7 },
    except: ofPkcs1,
  },
  {
    name: "rsa_signature_3072_sha256",
    algorithm: "RS256",
    expected: { "key refused": 1, "length refused": 2, "signature refused": 249, accepted: 7 },
    except: ofPkcs1,
  },
  {
    name: "rsa_signature_4096_sha256",
    algorithm: "RS256",
    expected: { "length refused": 2, "signature refused": 249, accepted: 7 },
    except: ofPkcs1,
  },
  {
    name: "rsa_pss_2048_sha256_mgf1_32",
    algorithm: "PS256",
    expected: { "length refused": 5, "signature refused": 40, accepted: 63 },
  },
  {
    name: "rsa_pss_2048_sha384_mgf1_48",
    algorithm: "PS384",
    expected: { "length refused": 5, "signature refused": 41, accepted: 95 },
  },
  {
    name: "rsa_pss_4096_sha512_mgf1_64",
    algorithm: "PS512",
    expected: { "length refused": 5, "signature refused": 42, accepted: 132 },
  },
  {
    name: "rsa_pss_2048_sha256_mgf1_0",
    algorithm: "PS256",
    expected: { "length refused": 5, "signature refused": 97, accepted: 1 },
    except: ofSalt,
  },
];

const SMALL_EXPONENT = refusedBecause("exponents under 65537 are refused at import");
const MISSING_NULL = refusedBecause("the digest's parameters are NULL (RFC 8017 section 9.2)");
const SALT_OF_ANOTHER_LENGTH = refusedBecause("the salt is as long as the hash (RFC 7518 section 3.5)");

/** The vector in which the salt has another length than the file's, which is the length that JOSE asks for. */
const SALT_OF_32_OCTETS = "s_len changed to 32";

function ofPkcs1(vector: WycheproofTest, { publicKey }: WycheproofGroup): LabelException | undefined {
  if (vector.result === "invalid") return undefined;
  if (publicKey?.publicExponent !== "010001") return SMALL_EXPONENT;
  return vector.flags.includes("MissingNull") ? MISSING_NULL : undefined;
}

function ofSalt({ result, comment }: WycheproofTest): LabelException | undefined {
  if (result === "valid") return SALT_OF_ANOTHER_LENGTH;
  if (comment !== SALT_OF_32_OCTETS) return undefined;
  return { expected: "accepted", reason: "the file asks for no salt, JOSE for 32 octets" };
}

function jwkOf({ publicKey }: WycheproofGroup): JsonKey {
  // The file writes integers with the sign octet of ASN.1.
  const [n, e] = [publicKey?.modulus, publicKey?.publicExponent].map((hex = "") =>
    hexToBase64url(hex.replace(/^00/, "")),
  );
  return { kty: "RSA", n, e };
}

for (const { name, algorithm, expected, except } of FILES) {
  testVectors({ name }, async (groups) => {
    const check = new LabelCheck();
    for (const group of groups) {
      const key = jwkOf(group);
      for (const vector of group.tests) {
        const [signed, signature] = [fromHex(vector.msg), fromHex(vector.sig ?? "")];
        const judgement = await judgePrimitive({ algorithm, key, signed, signature });
        check.add(vector, judgement, except?.(vector, group));
      }
    }
    assert.deepEqual(check.tally, expected);
  });
}
