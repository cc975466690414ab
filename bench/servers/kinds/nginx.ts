/** nginx: bare, with njs that verifies through WebCrypto, and asking the sidecar through auth_request. */

import { existsSync, readFileSync } from "node:fs";
import { AUDIENCE, ISSUER } from "../../tokens/key-material.ts";
import { ProgramMissing, requireProgram } from "../find-program.ts";
import type { ServerKind, ServerSite } from "../server.ts";
import { describeProgram, startOnFreePort } from "../start-on-free-port.ts";
import { startBehind } from "./countersign.ts";

const NJS = "/usr/lib/nginx/modules/ngx_http_js_module.so";

/** @param forwards Otherwise it answers 200 itself. */
export function createBareNginx({ forwards }: { readonly forwards: boolean }): ServerKind {
  return {
    subject: "floor",
    needs: "nginx",
    start: (site) =>
      startNginx(site, (port) => ({
        http: describeServer(port, `location / { ${forwards ? PASS : RETURN} }`, site),
      })),
  };
}

export function createNjs({ forwards }: { readonly forwards: boolean }): ServerKind {
  const judged = forwards
    ? `location = /_judge { internal; js_content judge.decide; } location / { auth_request /_judge; ${PASS} }`
    : "location / { js_content judge.decide; }";
  return {
    subject: "njs",
    needs: "nginx with njs",
    start: (site) => {
      if (!existsSync(NJS))
        throw new ProgramMissing("njs is not installed; Debian's package libnginx-mod-http-js brings it");
      return startNginx(site, (port) => ({
        modules: `load_module ${NJS};`,
        http: `js_path ${site.folder};\njs_import judge from judge.js;\n${describeServer(port, judged, site)}`,
        files: { "judge.js": describeJudge(site) },
      }));
    },
  };
}

/** The configuration that the project hands out, in front of the sidecar; what both cost counts. */
export function createGuardedNginx(): ServerKind {
  return {
    subject: "countersign",
    needs: "nginx",
    start: (site) =>
      startBehind(site, { door: "decision" }, (decision) =>
        startNginx(site, (port) => ({ http: describeGuarded(site, decision, port) })),
      ),
  };
}

function describeGuarded(site: ServerSite, decision: string, port: number): string {
  const text = readFileSync(new URL("../../../deploy/nginx/countersign.conf", import.meta.url), "utf8");
  return text
    .replaceAll("127.0.0.1:9400", decision)
    .replaceAll("127.0.0.1:3000", site.upstream)
    .replaceAll("127.0.0.1:8081", `127.0.0.1:${port}`);
}

const PASS = 'proxy_pass http://upstream; proxy_http_version 1.1; proxy_set_header Connection "";';
const RETURN = 'default_type text/plain; return 200 "fixed";';

interface NginxText {
  readonly modules?: string;
  readonly http: string;
  readonly files?: Readonly<Record<string, string>>;
}

function startNginx(
  site: ServerSite,
  describe: (port: number) => NginxText,
): ReturnType<typeof startOnFreePort> {
  const program = requireProgram("nginx", "Debian's package nginx brings it");
  return startOnFreePort(site, (port) => {
    const { modules = "", http, files = {} } = describe(port);
    return {
      command: [program, "-p", site.folder, "-c", `${site.folder}/nginx.conf`, "-e", "stderr"],
      runtime: describeProgram("nginx", [program, "-v"]),
      files: { ...files, "nginx.conf": wrap(site.folder, modules, http) },
    };
  });
}

function wrap(folder: string, modules: string, http: string): string {
  // Root's workers would run as nobody, who cannot write into the temporary folder.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join("\n");
  return `${modules}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
${user}
events { worker_connections 1024; }
http {
access_log off;
keepalive_requests 1000000;
${temporary}
${http}
}
`;
}

function describeServer(port: number, locations: string, site: ServerSite): string {
  return `upstream upstream { server ${site.upstream}; keepalive 64; keepalive_requests 1000000; }
server { listen 127.0.0.1:${port}; ${locations} }
`;
}

/**
 * About what a careful user writes: njs has no verifier, and a context of its own for every request. (Debian 12's
 * release crashes over `await` inside `try`.)
 */
function describeJudge({ key }: ServerSite): string {
  const lines = key.pem.split("\n").filter((line) => !line.startsWith("-"));
  const isElliptic = key.algorithm === "ES256";
  const algorithm = isElliptic
    ? { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }
    : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  return `async function passes(header) {
  const algorithm = ${JSON.stringify(algorithm)};
  const key = Buffer.from("${lines.join("")}", "base64");
  if (!header || !header.startsWith("Bearer ")) return false;
  const parts = header.slice(7).split(".");
  if (parts.length !== 3) return false;
  const head = JSON.parse(Buffer.from(parts[0], "base64url").toString());
  const claims = JSON.parse(Buffer.from(parts[1], "base64url").toString());
  if (head.alg !== "${key.algorithm}" || claims.iss !== "${ISSUER}") return false;
  if (!claims.aud.includes("${AUDIENCE}") || claims.exp * 1000 < Date.now()) return false;
  const verifier = await crypto.subtle.importKey("spki", key, algorithm, false, ["verify"]);
  const signed = parts[0] + "." + parts[1];
  return crypto.subtle.verify(algorithm, verifier, Buffer.from(parts[2], "base64url"), signed);
}

function decide(r) {
  passes(r.headersIn.Authorization)
    .then((ok) => r.return(ok ? 200 : 401))
    .catch(() => r.return(401));
}

export default { decide };
`;
}
