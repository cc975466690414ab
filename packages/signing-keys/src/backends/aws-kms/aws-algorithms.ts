import type { KeySpec, SigningAlgorithmSpec } from "@aws-sdk/client-kms";
import type { SigningAlgorithm } from "../../public-signing-jwk.ts";

interface AwsKey {
  /** The key's kind; undefined for RSA, where it follows from the bits. */
  readonly spec?: KeySpec;
  readonly signing: SigningAlgorithmSpec;
}

/** How AWS KMS calls each algorithm. */
export const AWS_KEYS: Readonly<Partial<Record<SigningAlgorithm, AwsKey>>> = {
  RS256: { signing: "RSASSA_PKCS1_V1_5_SHA_256" },
  RS384: { signing: "RSASSA_PKCS1_V1_5_SHA_384" },
  RS512: { signing: "RSASSA_PKCS1_V1_5_SHA_512" },
  PS256: { signing: "RSASSA_PSS_SHA_256" },
  PS384: { signing: "RSASSA_PSS_SHA_384" },
  PS512: { signing: "RSASSA_PSS_SHA_512" },
  ES256: { spec: "ECC_NIST_P256", signing: "ECDSA_SHA_256" },
  ES384: { spec: "ECC_NIST_P384", signing: "ECDSA_SHA_384" },
  ES512: { spec: "ECC_NIST_P521", signing: "ECDSA_SHA_512" },
  Ed25519: { spec: "ECC_NIST_EDWARDS25519", signing: "ED25519_SHA_512" },
};

export const AWS_ALGORITHMS: readonly SigningAlgorithm[] = Object.keys(AWS_KEYS) as SigningAlgorithm[];

export function chooseKeySpec(algorithm: SigningAlgorithm, rsaBits: 2048 | 3072 | 4096): KeySpec {
  return AWS_KEYS[algorithm]?.spec ?? `RSA_${rsaBits}`;
}
