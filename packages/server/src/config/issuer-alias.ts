import type { IssuerOptions } from "countersign";

/** The alias under which the library reports an issuer: its name, else its host, with hyphens for what a label cannot have. */
export function nameIssuer({ name, issuer }: Pick<IssuerOptions, "name" | "issuer">): string {
  return name ?? new URL(issuer).host.replaceAll(/[[\]]/g, "").replaceAll(":", "-");
}

/** True where the keys come over the network. */
export function isRemoteIssuer({ keys }: Pick<IssuerOptions, "keys">): boolean {
  return "discovery" in keys || "jwksUri" in keys;
}
