/** A process of its own: one instance with its clock, until SIGTERM. Prints where it listens. */

import { parseConfiguration, startServer } from "@countersign/server";

/** What can be changed while it runs is told again by itself. */
interface Setting {
  readonly text?: string;
  readonly skewMs?: number;
}

const { text = "", skewMs = 0 } = JSON.parse(process.argv.at(-1) ?? "") as Setting;
let clockSkewMs = skewMs;
const read = (from: string) => parseConfiguration(from, { env: {}, baseDir: "/" });
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const server = await startServer(read(text), {
  logger: silent,
  clock: () => Date.now() + clockSkewMs,
});
process.on("message", (setting: Setting) => {
  clockSkewMs = setting.skewMs ?? clockSkewMs;
  if (setting.text === undefined) return;
  const changed = setting.text;
  server.reload(() => read(changed)).catch(() => undefined);
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
