import type { KeyBackend } from "../signer.ts";
import { createAwsKmsBackend } from "./aws-kms/aws-kms-backend.ts";
import { createAzureKeyVaultBackend } from "./azure-key-vault/azure-key-vault-backend.ts";
import { createFileBackend } from "./file/file-backend.ts";
import { createGoogleKmsBackend } from "./google-kms/google-kms-backend.ts";
import { createPkcs11Backend } from "./pkcs11/pkcs11-backend.ts";
import type { BackendOptions } from "./read-backend-options.ts";
import { createVaultTransitBackend } from "./vault-transit/vault-transit-backend.ts";

/**
 * The back end that checked options name. Connects with the first call; a peer package that it needs is loaded here.
 * @throws SigningError ("misconfigured") where that package, or a module, is missing.
 */
export async function createBackend({ backend, ...options }: BackendOptions): Promise<KeyBackend> {
  switch (backend) {
    case "file":
      return createFileBackend(options as Options<"file">);
    case "pkcs11":
      return createPkcs11Backend(options as Options<"pkcs11">);
    case "aws-kms":
      return createAwsKmsBackend(options as Options<"aws-kms">);
    case "google-kms":
      return createGoogleKmsBackend(options as Options<"google-kms">);
    case "azure-key-vault":
      return createAzureKeyVaultBackend(options as Options<"azure-key-vault">);
    case "vault-transit":
      return createVaultTransitBackend(options as Options<"vault-transit">);
  }
}

type Options<Name extends BackendOptions["backend"]> = Omit<
  Extract<BackendOptions, { readonly backend: Name }>,
  "backend"
>;
