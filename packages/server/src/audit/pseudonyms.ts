/** Keyed pseudonyms: who has the key can tell whether two events, or an event and a name, belong together. Nobody else can. */

import { createHmac } from "node:crypto";

import type { AuditEvent, AuditIdentities } from "./audit-event.ts";

const DIGITS = 16;

type Pseudonyms = Pick<AuditEvent, "subject" | "client" | "token" | "tokenId" | "target" | "actor">;

/** What kinds of names there are. A target of a revocation has the kind of what it names. */
export type PseudonymKind = "subject" | "client" | "token" | "session" | "key" | "issuer" | "digest";

export class Pseudonymizer {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** 16 hexadecimal digits of HMAC-SHA-256 over kind, issuer and name. */
  name(kind: PseudonymKind, issuer: string, name: string): string {
    const hmac = createHmac("sha256", this.#key);
    // Lengths, so that no two lists of texts are the same octets.
    hmac.update(`${kind}\0${Buffer.byteLength(issuer)}\0${issuer}\0${name}`);
    return hmac.digest("hex").slice(0, DIGITS);
  }

  replace(identities: AuditIdentities, targetKind: string | undefined): Pseudonyms {
    const { subject, client, tokenId, tokenDigest, target, actor, identityIssuer = "" } = identities;
    return {
      ...(subject !== undefined && { subject: this.name("subject", identityIssuer, subject) }),
      ...(client !== undefined && { client: this.name("client", identityIssuer, client) }),
      ...(tokenDigest !== undefined && { token: this.name("digest", "", tokenDigest) }),
      ...(tokenId !== undefined && { tokenId: this.name("token", identityIssuer, tokenId) }),
      ...(target !== undefined && { target: this.name(readKind(targetKind), identityIssuer, target) }),
      ...(actor !== undefined && { actor: this.#nameActor(actor) }),
    };
  }

  /** Operators and signals have names of ours; somebody whom a token named is "SUBJECT of ISSUER". */
  #nameActor(actor: string): string {
    const own = OWN_ACTORS.exec(actor)?.[1];
    if (own !== undefined) return own;
    const [, subject = actor, issuer = ""] = /^(.*) of (\S+)$/s.exec(actor) ?? [];
    return this.name("subject", issuer, subject);
  }
}

/** What follows "for" is whatever an operator has written. */
const OWN_ACTORS = /^(operator|transmitter [A-Za-z0-9._-]+|back-channel logout of \S+)(?: for .*)?$/s;

function readKind(targetKind: string | undefined): PseudonymKind {
  switch (targetKind) {
    case "subject":
    case "client":
    case "session":
    case "key":
    case "issuer":
      return targetKind;
    default:
      return "token";
  }
}
