/** Apache httpd: bare, and as a resource server with mod_auth_openidc, which fetches the key set once. */

import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { AUDIENCE, ISSUER } from "../../tokens/key-material.ts";
import { ProgramMissing, requireProgram } from "../find-program.ts";
import type { ServerKind, ServerSite } from "../server.ts";
import { describeProgram, startOnFreePort } from "../start-on-free-port.ts";

export interface ApacheOptions {
  readonly judges: boolean;
  /** Forwards what passes; otherwise it serves a small file. */
  readonly forwards: boolean;
}

const MODULES = "/usr/lib/apache2/modules";
const BASE_MODULES = ["mpm_event", "authn_core", "authz_core", "authz_user", "alias", "proxy", "proxy_http"];

export function createApache(options: ApacheOptions): ServerKind {
  return {
    subject: options.judges ? "mod_auth_openidc" : "floor",
    needs: options.judges ? "apache2 with mod_auth_openidc" : "apache2",
    start: (site) => {
      const program = requireProgram("apache2", "Debian's package apache2-bin brings it");
      if (options.judges && !existsSync(`${MODULES}/mod_auth_openidc.so`)) {
        const remedy = "Debian's package libapache2-mod-auth-openidc brings it";
        throw new ProgramMissing(`mod_auth_openidc is not installed; ${remedy}`);
      }
      if (options.judges && site.keys.secureUrl === undefined)
        throw new ProgramMissing("openssl is not installed; mod_auth_openidc takes keys over https only");
      mkdirSync(`${site.folder}/documents`, { recursive: true });
      writeFileSync(`${site.folder}/documents/fixed.txt`, "fixed");
      // Its workers run as somebody else.
      for (const folder of [path.dirname(site.folder), site.folder]) chmodSync(folder, 0o711);
      return startOnFreePort(site, (port) => ({
        command: [program, "-D", "FOREGROUND", "-d", site.folder, "-f", `${site.folder}/httpd.conf`],
        runtime: describeProgram("apache", [program, "-v"]),
        files: { "httpd.conf": describe(options, site, port), "key.pem": site.key.pem },
      }));
    },
  };
}

function describe({ judges, forwards }: ApacheOptions, site: ServerSite, port: number): string {
  const modules = judges ? [...BASE_MODULES, "auth_openidc"] : BASE_MODULES;
  const loads = modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`);
  // Root's worker would run as somebody else.
  const user = process.getuid?.() === 0 ? "User www-data\nGroup www-data" : "";
  const content = forwards
    ? `ProxyPass / http://${site.upstream}/`
    : `AliasMatch ^/.*$ ${site.folder}/documents/fixed.txt`;
  return `${loads.join("\n")}
${user}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${site.folder}/httpd.pid
DefaultRuntimeDir ${site.folder}
ErrorLog ${site.folder}/error.log
LogLevel error
ServerLimit 1
StartServers 1
ThreadLimit 192
ThreadsPerChild 192
MaxRequestWorkers 192
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
${content}
${judges ? describeJudging(site) : "<Location />\nRequire all granted\n</Location>"}
`;
}

function describeJudging({ keys }: ServerSite): string {
  // It insists on https, and knows no authority of ours.
  return `OIDCOAuthVerifyJwksUri ${keys.secureUrl}
OIDCOAuthSSLValidateServer Off
OIDCOAuthRemoteUserClaim sub
OIDCCryptoPassphrase only-for-this-benchmark
<Location />
AuthType oauth20
<RequireAll>
Require claim iss:${ISSUER}
Require claim aud:${AUDIENCE}
</RequireAll>
</Location>`;
}
