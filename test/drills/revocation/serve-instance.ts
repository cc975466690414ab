/** A process of its own: one instance with its clock, until SIGTERM. Prints where it listens. */

import { parseConfiguration, startServer } from "@countersign/server";

const { text, skewMs } = JSON.parse(process.argv.at(-1) ?? "") as {
  readonly text: string;
  readonly skewMs: number;
};
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const server = await startServer(parseConfiguration(text, { env: {}, baseDir: "/" }), {
  logger: silent,
  clock: () => Date.now() + skewMs,
});
process.once("SIGTERM", () => {
  server.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
// Whoever started it has gone.
process.once("disconnect", () => process.exit(1));
process.stdout.write(`${JSON.stringify(server.addresses)}\n`);
