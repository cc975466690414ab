/** The file's form after the schema: defaults filled in, addresses and issuers still as written. */

import type { IssuerOptions } from "countersign";

import type { FileBinding } from "./binding-schema.ts";
import type { Configuration, ResourceConfiguration } from "./configuration.ts";
import type { FileEncryption } from "./encryption-schema.ts";
import type { IntrospectionConfiguration } from "./introspection-configuration.ts";
import type { ListenerTlsConfiguration } from "./listener-tls.ts";
import type { FileStatusLists } from "./status-list-schema.ts";

export interface FileConfiguration
  extends Omit<Configuration, "listeners" | "issuers" | "introspection" | "statusLists" | "resource"> {
  readonly listeners: {
    readonly decision: string;
    readonly extAuthz?: string;
    readonly proxy?: string | { readonly address: string; readonly tls?: ListenerTlsConfiguration };
    readonly admin: string;
  };
  readonly issuers: readonly FileIssuer[];
  readonly resource?: string | ResourceConfiguration;
}

/** Names of algorithms and profiles are still any text: the library says which it knows. */
export interface FileIssuer
  extends Omit<IssuerOptions, "algorithms" | "profile" | "keys" | "binding" | "encryption"> {
  readonly algorithms?: readonly string[];
  readonly profile?: string;
  /** Absent only where the issuer's tokens are opaque. */
  readonly keys?: Readonly<Record<string, unknown>>;
  readonly binding?: FileBinding;
  readonly encryption?: FileEncryption;
  readonly introspection?: IntrospectionConfiguration;
  readonly statusLists?: FileStatusLists;
}
