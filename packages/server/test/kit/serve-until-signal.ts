/** A process of its own: serves until SIGTERM, as `countersign serve` does. Prints the proxy's address. */

import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { startServer } from "../../src/serve.ts";

const { upstreamUrl, issuers } = JSON.parse(process.argv.at(-1) ?? "") as {
  upstreamUrl: string;
  issuers: readonly object[];
};
const text = `
listeners: { decision: "off", admin: "127.0.0.1:0", proxy: "127.0.0.1:0" }
issuers: ${JSON.stringify(issuers)}
upstream: ${upstreamUrl}
routes: [{ path: /**, allow: anonymous }]
`;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const server = await startServer(parseConfiguration(text, { env: {}, baseDir: "/" }), { logger: silent });
process.once("SIGTERM", () => void server.close());
process.stdout.write(`${server.addresses.proxy ?? ""}\n`);
