/** Which folder may know which, low to high. A floor imports lower floors only; folders of one floor do not know each other. */

export interface PackageLayers {
  /** The package's folder under `packages/`. */
  readonly folder: string;
  /** Folders and files (without ending) directly under `src`, low to high. Empty: no floors, one house rule only. */
  readonly floors: readonly (readonly string[])[];
  /** Where files directly under `src` stand that no floor names. Default nowhere: each must be named. */
  readonly unnamedFiles?: "top";
  /** Package-internal specifiers (`imports` of package.json) and the folder each stands for. */
  readonly aliases?: Readonly<Record<string, string>>;
}

export const LAYERS: readonly PackageLayers[] = [
  {
    folder: "engine",
    floors: [
      ["judged-reasons"],
      ["reasons"],
      ["remedies"],
      ["algorithms"],
      ["bounded-memory", "ports", "refusal"],
      ["platform"],
      ["token"],
      ["keys"],
      ["signature"],
      ["claims"],
      ["principal"],
      ["issuers", "binding", "status"],
      ["policy"],
      ["validator"],
      ["encryption", "http", "sharing", "testing"],
      ["middleware"],
      ["edge"],
      ["index"],
    ],
    aliases: { "#platform": "platform" },
  },
  {
    folder: "signing-keys",
    floors: [
      ["public-signing-jwk", "signing-error"],
      ["create-public-jwk", "signer"],
      ["backends", "planner"],
      ["lifecycle"],
      ["calendar", "jwks", "stores"],
      ["signing"],
      ["gates"],
      ["rotation"],
      ["configuration", "emergency"],
      ["index"],
    ],
  },
  {
    folder: "server",
    floors: [
      ["policy"],
      ["config"],
      ["stores", "telemetry", "audit"],
      ["oauth-client", "revocation"],
      ["decision"],
      ["assertion", "dialects", "exchange", "introspection", "proxy", "revocation"],
      ["listeners", "admin"],
      ["signals", "status-lists"],
      ["version", "shared", "in-flight", "listener-limits", "running-server"],
      ["doors", "share-credentials", "share-introspection", "shared-validator"],
      ["door-set", "generation", "meter-configuration", "reloads"],
      ["await-keys", "wanted-doors"],
      ["data-side"],
      ["cluster"],
    ],
    unnamedFiles: "top",
  },
  { folder: "dev-idp", floors: [] },
  { folder: "cli", floors: [] },
];
