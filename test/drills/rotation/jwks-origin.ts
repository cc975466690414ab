/** The JWKS of the identity provider as the world sees it: an origin that can fail, and a caching nginx before it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findProgram } from "../../kit/find-program.ts";
import { findFreePort } from "../../kit/free-port.ts";

export interface JwksOrigin {
  /** Of the origin itself. */
  readonly url: string;
  /** Of the cache before it. */
  readonly cachedUrl: string;
  isFailing: boolean;
  close(): Promise<void>;
}

const ATTEMPTS = 100;

export async function startJwksOrigin(jwksUri: string): Promise<JwksOrigin> {
  const state = { isFailing: false };
  const server = createServer((_request, response) => {
    if (state.isFailing) return void response.writeHead(503).end();
    fetch(jwksUri)
      .then(async (answer) => {
        const body = await answer.text();
        const headers = ["content-type", "cache-control", "etag"].flatMap((name) => {
          const value = answer.headers.get(name);
          return value === null ? [] : [[name, value] as const];
        });
        response.writeHead(answer.status, Object.fromEntries(headers)).end(body);
      })
      .catch(() => response.writeHead(502).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cache = await startCache(url);
  return Object.assign(state, {
    url: `${url}/jwks`,
    cachedUrl: `${cache.url}/jwks`,
    async close() {
      await cache.close();
      server.closeAllConnections();
      server.close();
    },
  });
}

/** Keeps answers as long as their `max-age` says. */
async function startCache(origin: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const program = findProgram("nginx");
  if (program === undefined)
    throw new Error("nginx is not installed; tools/install-services.mjs installs it");
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-jwks-cache-"));
  const port = await findFreePort();
  const file = path.join(folder, "nginx.conf");
  await writeFile(file, describeCache({ folder, port, origin }));
  const child = spawn(program, ["-p", folder, "-c", file, "-e", "stderr"], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const ended = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt += 1) {
    const isThere = await fetch(`${url}/alive`).then(
      (answer) => answer.body?.cancel().then(() => true),
      () => false,
    );
    if (isThere !== false) break;
    if (attempt === ATTEMPTS || child.exitCode !== null) throw new Error("nginx did not start");
    await pause(50);
  }
  return {
    url,
    async close() {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function describeCache(place: {
  readonly folder: string;
  readonly port: number;
  readonly origin: string;
}): string {
  const { folder, port, origin } = place;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join("\n");
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 256; }
http {
access_log off;
${temporary}
proxy_cache_path ${folder}/cache keys_zone=jwks:1m;
server {
listen 127.0.0.1:${port};
location = /alive { return 204; }
location / { proxy_pass ${origin}; proxy_cache jwks; proxy_cache_lock on; }
}
}
`;
}
