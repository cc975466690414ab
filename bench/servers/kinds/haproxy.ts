/** HAProxy: bare, and with its own `jwt_verify`. It checks algorithm, signature, issuer, audience and expiry. */

import { AUDIENCE, ISSUER } from "../../tokens/key-material.ts";
import { requireProgram } from "../find-program.ts";
import type { ServerKind, ServerSite } from "../server.ts";
import { describeProgram, startOnFreePort } from "../start-on-free-port.ts";

export interface HaproxyOptions {
  readonly judges: boolean;
  /** Forwards what passes; otherwise it answers 200 itself. */
  readonly forwards: boolean;
}

export function createHaproxy(options: HaproxyOptions): ServerKind {
  return {
    subject: options.judges ? "haproxy" : "floor",
    needs: "haproxy",
    start: (site) => {
      const program = requireProgram("haproxy", "Debian's package haproxy brings it");
      return startOnFreePort(site, (port) => ({
        command: [program, "-db", "-f", `${site.folder}/haproxy.cfg`],
        runtime: describeProgram("haproxy", [program, "-v"]),
        files: { "haproxy.cfg": describe(options, site, port), "key.pem": site.key.pem },
      }));
    },
  };
}

function describe({ judges, forwards }: HaproxyOptions, site: ServerSite, port: number): string {
  const answer = forwards
    ? "default_backend upstream"
    : 'http-request return status 200 content-type "text/plain" string "fixed"';
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  timeout http-keep-alive 60s
frontend web
  bind 127.0.0.1:${port}
${judges ? describeJudging(site) : ""}  ${answer}
backend upstream
  http-reuse always
  server upstream ${site.upstream}
`;
}

function describeJudging({ key, folder }: ServerSite): string {
  return `  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
  http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud[0]')
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request return status 401 unless { var(txn.alg) -m str ${key.algorithm} }
  http-request return status 401 unless { var(txn.iss) -m str ${ISSUER} }
  http-request return status 401 unless { var(txn.aud) -m str ${AUDIENCE} }
  http-request return status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request return status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"${folder}/key.pem") 1 }
`;
}
