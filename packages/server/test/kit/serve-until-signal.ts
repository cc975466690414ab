/** A process of its own: serves until SIGTERM, as `countersign serve` does. Prints where, and its processes. */

import cluster from "node:cluster";

import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { startServer } from "../../src/serve.ts";

const { upstreamUrl, issuers, workers } = JSON.parse(process.argv.at(-1) ?? "") as {
  upstreamUrl: string;
  issuers: readonly object[];
  workers: number;
};
const text = `
listeners: { decision: "off", admin: "127.0.0.1:0", proxy: "127.0.0.1:0" }
issuers: ${JSON.stringify(issuers)}
upstream: ${upstreamUrl}
routes: [{ path: /**, allow: anonymous }]
workers: ${workers}
`;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const server = await startServer(parseConfiguration(text, { env: {}, baseDir: "/" }), { logger: silent });
process.once("SIGTERM", () => void server.close());
const pids = Object.values(cluster.workers ?? {}).map((worker) => worker?.process.pid);
process.stdout.write(`${JSON.stringify({ proxy: server.addresses.proxy, pids })}\n`);
