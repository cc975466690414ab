// What is used of peers that may be missing where this is compiled: one compiles itself, the other nothing here needs.

declare module "pkcs11js" {
  const module: import("./pkcs11/pkcs11-library.ts").Pkcs11Module;
  export = module;
}

declare module "@azure/identity" {
  export const DefaultAzureCredential: new () => import("./azure-key-vault/azure-key-vault-backend.ts").AzureCredential;
}
