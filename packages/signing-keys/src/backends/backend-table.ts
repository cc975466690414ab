/** Every back end, as data: the documentation, the command line's choice and the contract suite follow from it. */

import type { SigningAlgorithm } from "../public-signing-jwk.ts";
import { AWS_ALGORITHMS } from "./aws-kms/aws-algorithms.ts";
import { AZURE_ALGORITHMS } from "./azure-key-vault/azure-key-vault-backend.ts";
import { FILE_ALGORITHMS } from "./file/file-backend.ts";
import { GOOGLE_ALGORITHMS } from "./google-kms/google-algorithms.ts";
import { PKCS11_ALGORITHMS } from "./pkcs11/pkcs11-algorithms.ts";
import { VAULT_ALGORITHMS } from "./vault-transit/vault-transit-backend.ts";

export type BackendName = "file" | "pkcs11" | "aws-kms" | "google-kms" | "azure-key-vault" | "vault-transit";

export interface BackendEntry {
  readonly name: BackendName;
  readonly title: string;
  readonly algorithms: readonly SigningAlgorithm[];
  /** Packages that whoever uses it installs beside ours. */
  readonly peers: readonly string[];
  /** Where the private half is while it signs. */
  readonly privateHalf: string;
  /** What a reference pins. */
  readonly pinned: string;
  /** What destroying a key does there. */
  readonly destroying: string;
  /** What our tests run it against. */
  readonly testedAgainst: string;
}

export const BACKENDS: readonly BackendEntry[] = [
  {
    name: "file",
    title: "Encrypted files",
    algorithms: FILE_ALGORITHMS,
    peers: [],
    privateHalf: "in the memory of the signing process",
    pinned: "the file of the label",
    destroying: "deletes the file and leaves a tombstone",
    testedAgainst: "the real thing",
  },
  {
    name: "pkcs11",
    title: "PKCS #11 (HSM, smart card, SoftHSM)",
    algorithms: PKCS11_ALGORITHMS,
    peers: ["pkcs11js"],
    privateHalf: "in the token, never extractable",
    pinned: "the object's label",
    destroying: "destroys the objects in the token",
    testedAgainst: "SoftHSM 2 of Debian",
  },
  {
    name: "aws-kms",
    title: "AWS KMS",
    algorithms: AWS_ALGORITHMS,
    peers: ["@aws-sdk/client-kms"],
    privateHalf: "in AWS KMS",
    pinned: "the key's ARN",
    destroying: "schedules the key's deletion (7 to 30 days); it signs nothing from then on",
    testedAgainst: "a local fake that checks request signatures (Signature Version 4)",
  },
  {
    name: "google-kms",
    title: "Google Cloud KMS",
    algorithms: GOOGLE_ALGORITHMS,
    peers: ["google-auth-library"],
    privateHalf: "in Cloud KMS (software or HSM)",
    pinned: "the key version",
    destroying: "schedules the version's destruction (as the key ring says); it signs nothing from then on",
    testedAgainst: "a local fake of the REST API and of the token endpoint",
  },
  {
    name: "azure-key-vault",
    title: "Azure Key Vault and Managed HSM",
    algorithms: AZURE_ALGORITHMS,
    peers: ["@azure/keyvault-keys", "@azure/identity"],
    privateHalf: "in the vault",
    pinned: "the key's version",
    destroying: "deletes the key with all its versions (soft delete)",
    testedAgainst: "a local fake over TLS, with its challenge authentication",
  },
  {
    name: "vault-transit",
    title: "HashiCorp Vault or OpenBao, transit engine",
    algorithms: VAULT_ALGORITHMS,
    peers: [],
    privateHalf: "in Vault",
    pinned: "the key's first version",
    destroying: "deletes the key with all its versions",
    testedAgainst: "a local fake of the HTTP API",
  },
];
