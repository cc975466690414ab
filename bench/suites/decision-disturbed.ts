/** What waiting callers notice of a reload and of new keys: the sidecar, left alone and disturbed, in turn. */

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CaseResult } from "../bench-row.ts";
import { createSidecar, SIDECAR_FILE } from "../servers/kinds/countersign.ts";
import { askHttp } from "../servers/load/load.ts";
import { closeServers, raceServers, type StartedServer, startServers } from "../servers/race-servers.ts";
import { serveKeys } from "../servers/serve-keys.ts";
import { createKey } from "../tokens/key-material.ts";
import { GENERIC_HEADERS } from "./generic-headers.ts";
import { type BenchContext, CIRCULATING, SERVER_RACES } from "./suite.ts";

/** Below what saturates, so that what is waited for is the server and not the queue before it. */
const CONNECTIONS = 4;
/** Longer than a change takes to be read: the file is read 200 ms after it was written. */
const DISTURBANCE_MS = 400;
const OTHER_KEYS = 20;

/** The first server is disturbed while it is asked, the second never; both fetch their keys every second. */
export async function* measureDisturbance(context: BenchContext): AsyncIterable<CaseResult> {
  const { speed, tokens, folder } = context;
  const key = tokens.key("RS256").verification;
  const keys = await serveKeys([key.jwk], folder);
  const kind = createSidecar({ door: "decision", fetchesKeys: true });
  const facts = { key, keys, upstream: "127.0.0.1:1" };
  const servers = await startServers([kind, kind], { context, facts });
  const count = CIRCULATING[speed];
  const { path: tokenFile } = await tokens.sign("RS256", count);
  const request = { path: "/authz", headers: GENERIC_HEADERS, tokenFile, status: 200 };
  const ask = askHttp({ ...request, connections: CONNECTIONS });
  try {
    for (const [index, name] of ["reloads and new keys", "left alone"].entries()) {
      const server = servers.slice(index, index + 1);
      const disturb = index === 0 ? () => startDisturbing(server[0], { key: key.jwk, keys }) : () => () => {};
      yield await raceServers("decision", {
        servers: server,
        context,
        serverCase: {
          name,
          note: `${CONNECTIONS} connections`,
          circulating: count,
          options: SERVER_RACES[speed],
          ask: async (asked, durationMs) => {
            const stop = disturb();
            return await ask(asked, durationMs).finally(stop);
          },
        },
      });
    }
  } finally {
    await closeServers(servers);
    keys.close();
  }
}

interface Disturbance {
  readonly key: Readonly<Record<string, unknown>>;
  readonly keys: Awaited<ReturnType<typeof serveKeys>>;
}

/** Changes the configuration and the key set again and again. @returns the function that ends it */
function startDisturbing(server: StartedServer | undefined, { key, keys }: Disturbance): () => void {
  const file = path.join(server?.folder ?? "", SIDECAR_FILE);
  const original = readFileSync(file, "utf8");
  const others = Array.from({ length: OTHER_KEYS }, (_, index) => {
    return { ...createKey("ES256").verification.jwk, kid: `other-${index}` };
  });
  let turn = 0;
  const timer = setInterval(() => {
    turn += 1;
    keys.replace([key, ...others.slice(turn % OTHER_KEYS)]);
    writeFileSync(file, `${original}  - { path: /added-${turn}/**, allow: anonymous }\n`);
  }, DISTURBANCE_MS);
  return () => {
    clearInterval(timer);
    writeFileSync(file, original);
  };
}
