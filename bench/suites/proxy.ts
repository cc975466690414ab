import type { CaseResult } from "../bench-row.ts";
import { askHttp } from "../servers/load/load.ts";
import { FEW_PROXY_KINDS, OWN_PROXY_KINDS, PROXY_KINDS } from "../servers/proxy-kinds.ts";
import { canReadUsage, closeServers, raceServers, startServers } from "../servers/race-servers.ts";
import { serveKeys } from "../servers/serve-keys.ts";
import { startUpstream } from "../servers/start-upstream.ts";
import { type BenchContext, CIRCULATING, SERVER_RACES, type Suite } from "./suite.ts";

const KINDS = { full: PROXY_KINDS, quick: FEW_PROXY_KINDS, tiny: OWN_PROXY_KINDS } as const;

export const PROXY_SUITE: Suite = {
  name: "proxy",
  title:
    "The request forwarded if it is let in: CPU of all processes in between; the upstream is beside the load",
  run: measure,
};

async function* measure(context: BenchContext): AsyncIterable<CaseResult> {
  const { speed, tokens, folder } = context;
  if (!canReadUsage()) return context.skip("proxy", "what a server costs is read from Linux' /proc");
  for (const algorithm of speed === "full" ? (["RS256", "ES256"] as const) : (["RS256"] as const)) {
    const key = tokens.key(algorithm).verification;
    const keys = await serveKeys([key.jwk], folder);
    const upstream = await startUpstream({ key, keys, folder });
    const facts = { key, keys, upstream: upstream.address };
    const servers = await startServers(algorithm === "RS256" ? KINDS[speed] : FEW_PROXY_KINDS, {
      context,
      facts,
    });
    try {
      const count = CIRCULATING[speed];
      const { path: tokenFile } = await tokens.sign(algorithm, count);
      const race = SERVER_RACES[speed];
      yield await raceServers("proxy", {
        servers,
        context,
        serverCase: {
          name: `${algorithm} ${count} tokens`,
          ask: askHttp({ path: "/orders/1", headers: {}, tokenFile, status: 200 }),
          circulating: count,
          options: algorithm === "RS256" ? race : { ...race, rounds: Math.ceil(race.rounds / 2) },
        },
      });
    } finally {
      await closeServers(servers);
      await upstream.close();
      keys.close();
    }
  }
}
