import type { CaseResult } from "../bench-row.ts";
import { createSidecar } from "../servers/kinds/countersign.ts";
import { createNodeServer } from "../servers/kinds/node.ts";
import { loadGrpc } from "../servers/load/load-by-node.ts";
import { CALLS_IN_FLIGHT } from "../servers/load/load-plan.ts";
import { canReadUsage, closeServers, raceServers, startServers } from "../servers/race-servers.ts";
import { serveKeys } from "../servers/serve-keys.ts";
import type { ServerKind } from "../servers/server.ts";
import { type BenchContext, CIRCULATING, SERVER_RACES, type Suite } from "./suite.ts";

const KINDS: readonly ServerKind[] = [
  createNodeServer({ subject: "floor", script: "http2 gRPC" }),
  createNodeServer({ subject: "@grpc/grpc-js", script: "grpc-js" }),
  createSidecar({ door: "extAuthz" }),
  createSidecar({ door: "extAuthz", program: "bun" }),
];

export const GRPC_SUITE: Suite = {
  name: "grpc",
  title: `Envoy's question over gRPC, ${CALLS_IN_FLIGHT} at a time on one connection; neither floor nor grpc-js judges`,
  run: measure,
};

async function* measure(context: BenchContext): AsyncIterable<CaseResult> {
  const { speed, tokens, folder } = context;
  if (!canReadUsage()) return context.skip("grpc", "what a server costs is read from Linux' /proc");
  const key = tokens.key("RS256").verification;
  const keys = await serveKeys([key.jwk], folder);
  const servers = await startServers(KINDS, { context, facts: { key, keys, upstream: "127.0.0.1:1" } });
  const count = CIRCULATING[speed];
  const asked = new Map<string, number>();
  try {
    const { path: tokenFile } = await tokens.sign("RS256", count);
    yield await raceServers("grpc", {
      servers,
      context,
      serverCase: {
        name: `RS256 ${count} tokens`,
        ask: async ({ address, subject }, durationMs) => {
          const skip = asked.get(address) ?? 0;
          const isJudged = subject === "countersign";
          const result = await loadGrpc({ address, tokenFile, isJudged, durationMs, skip });
          asked.set(address, skip + result.requests);
          return result;
        },
        circulating: count,
        options: SERVER_RACES[speed],
      },
    });
  } finally {
    await closeServers(servers);
    keys.close();
  }
}
