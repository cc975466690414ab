/**
 * Loads oidc-provider without its warning about every Node.js release that is not marked as LTS: which
 * releases we run on is said by our own `engines`, and the warning would be the first line of each demo.
 */

type OidcProvider = typeof import("oidc-provider");

async function loadQuietly(): Promise<OidcProvider> {
  const { warn } = console;
  console.warn = (...parts: unknown[]) => {
    if (!String(parts[0]).includes("oidc-provider WARNING: Unsupported runtime")) warn(...parts);
  };
  try {
    return await import("oidc-provider");
  } finally {
    console.warn = warn;
  }
}

const loaded = await loadQuietly();

export const Provider: OidcProvider["default"] = loaded.default;
export const errors: OidcProvider["errors"] = loaded.errors;
export const interactionPolicy: OidcProvider["interactionPolicy"] = loaded.interactionPolicy;
export const ExternalSigningKey: OidcProvider["ExternalSigningKey"] = loaded.ExternalSigningKey;
export type ExternalSigningKey = InstanceType<OidcProvider["ExternalSigningKey"]>;
