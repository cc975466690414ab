/** Serves a key set to those servers that must fetch it. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { findProgram } from "./find-program.ts";

export interface KeyServer {
  /** http. */
  readonly url: string;
  /** The same with a certificate that nobody knows; undefined where none can be made. */
  readonly secureUrl: string | undefined;
  /** Serves others from now on. */
  replace(keys: readonly Readonly<Record<string, unknown>>[]): void;
  close(): void;
}

export async function serveKeys(
  keys: readonly Readonly<Record<string, unknown>>[],
  folder: string,
): Promise<KeyServer> {
  let text = JSON.stringify({ keys });
  const answer: RequestListener = (_request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Cache-Control", "max-age=3600");
    response.end(text);
  };
  const server = createServer(answer);
  const certificate = createCertificate(folder);
  const secure = certificate === undefined ? undefined : createTlsServer(certificate, answer);
  const url = `http://127.0.0.1:${await listen(server)}/jwks`;
  const secureUrl = secure === undefined ? undefined : `https://127.0.0.1:${await listen(secure)}/jwks`;
  return {
    url,
    secureUrl,
    replace: (others) => {
      text = JSON.stringify({ keys: others });
    },
    close: () => {
      for (const each of [server, secure]) {
        each?.close();
        each?.closeAllConnections();
      }
    },
  };
}

async function listen(server: Pick<Server, "listen" | "address" | "once">): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server as Server, "listening");
  return (server.address() as AddressInfo).port;
}

function createCertificate(folder: string): { readonly key: Buffer; readonly cert: Buffer } | undefined {
  const openssl = findProgram("openssl");
  if (openssl === undefined) return undefined;
  const [key, cert] = [path.join(folder, "keys.key"), path.join(folder, "keys.crt")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const form = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
  ];
  execFileSync(openssl, [...form, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
