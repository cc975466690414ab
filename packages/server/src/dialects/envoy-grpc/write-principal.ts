/** Dynamic metadata: who it is, in one form whatever the issuer's claims are called, as a `google.protobuf.Struct`. */

import type { Accepted } from "countersign";

import { type Octets, writeDouble, writeOctets, writeText, writeWhole } from "./write-message.ts";

const STRUCT = { fields: 1 } as const;
const MAP_ENTRY = { key: 1, value: 2 } as const;
const VALUE = { number: 2, string: 3, bool: 4, list: 6 } as const;
const LIST = { values: 1 } as const;

/** Names of members, written once. */
const NAMES = {
  authenticated: writeText(MAP_ENTRY.key, "authenticated"),
  kind: writeText(MAP_ENTRY.key, "kind"),
  issuer: writeText(MAP_ENTRY.key, "issuer"),
  issuerName: writeText(MAP_ENTRY.key, "issuer_name"),
  subject: writeText(MAP_ENTRY.key, "subject"),
  client: writeText(MAP_ENTRY.key, "client"),
  scopes: writeText(MAP_ENTRY.key, "scopes"),
  roles: writeText(MAP_ENTRY.key, "roles"),
  expiresAt: writeText(MAP_ENTRY.key, "expires_at"),
} as const;

const IS_SOMEBODY = writeMember(NAMES.authenticated, writeWhole(VALUE.bool, 1));
const IS_NOBODY = writeMember(NAMES.authenticated, writeWhole(VALUE.bool, 0));

/** For filters behind this one. Nobody is nobody: then `authenticated` is false, and nothing else is there. */
export function writePrincipal(verdict: Accepted | undefined): Octets {
  if (verdict === undefined) return IS_NOBODY;
  const { principal, token } = verdict;
  return (
    IS_SOMEBODY +
    writeMember(NAMES.kind, writeText(VALUE.string, principal.kind)) +
    writeMember(NAMES.issuer, writeText(VALUE.string, principal.issuer)) +
    writeMember(NAMES.issuerName, writeText(VALUE.string, token.issuer)) +
    writeOptional(NAMES.subject, principal.subject) +
    writeOptional(NAMES.client, principal.client) +
    writeMember(NAMES.scopes, writeList(principal.scopes)) +
    writeMember(NAMES.roles, writeList(principal.roles)) +
    writeMember(NAMES.expiresAt, writeDouble(VALUE.number, Math.floor(token.expiresAt / 1000)))
  );
}

function writeMember(name: Octets, value: Octets): Octets {
  return writeOctets(STRUCT.fields, name + writeOctets(MAP_ENTRY.value, value));
}

function writeOptional(name: Octets, text: string | undefined): Octets {
  return text === undefined ? "" : writeMember(name, writeText(VALUE.string, text));
}

function writeList(texts: readonly string[]): Octets {
  let values = "";
  for (const text of texts) values += writeOctets(LIST.values, writeText(VALUE.string, text));
  return writeOctets(VALUE.list, values);
}
