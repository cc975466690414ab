/** Certificates of a test: an authority, what it issued, and two that it did not. Made by openssl, as Node.js makes none. */

import { execFile } from "node:child_process";
import { createPublicKey, type webcrypto } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

export interface Certificate {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  readonly publicJwk: webcrypto.JsonWebKey;
}

export interface Certificates {
  readonly authority: Certificate;
  readonly server: Certificate;
  /** By the authority, for "issued.countersign.test". */
  readonly issued: Certificate;
  /** By itself, for the same name. */
  readonly impostor: Certificate;
  readonly selfSigned: Certificate;
}

const run = promisify(execFile);
const ISSUED_NAME = "DNS:issued.countersign.test";

/** Rejects where openssl is missing; it is part of every system that CI runs on. */
export async function createCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-certificates-"));
  const make = async (name: string, names: string, signer?: string): Promise<Certificate> => {
    const at = (ending: string, of = name): string => path.join(folder, `${of}.${ending}`);
    const isAuthority = name === "authority";
    await run("openssl", [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`],
      ...["-keyout", at("key"), "-out", at("pem"), "-addext", `subjectAltName=${names}`],
      ...(signer === undefined ? [] : ["-CA", at("pem", signer), "-CAkey", at("key", signer)]),
      ...(isAuthority ? [] : ["-addext", "basicConstraints=critical,CA:FALSE"]),
    ]);
    const certificate = await readFile(at("pem"), "utf8");
    return {
      certificate,
      key: await readFile(at("key"), "utf8"),
      publicJwk: createPublicKey(certificate).export({ format: "jwk" }),
    };
  };
  try {
    const authority = await make("authority", "DNS:authority.countersign.test");
    return {
      authority,
      server: await make("server", "DNS:localhost,IP:127.0.0.1", "authority"),
      issued: await make("issued", ISSUED_NAME, "authority"),
      impostor: await make("impostor", ISSUED_NAME),
      selfSigned: await make("self-signed", "DNS:own.countersign.test"),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
