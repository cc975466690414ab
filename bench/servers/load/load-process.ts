/** The process that asks where wrk does not: prints a `LoadResult`. */

import { Pool } from "undici";
import { quantile } from "../../measure/quantile.ts";
import { openTokens } from "../../tokens/token-source.ts";
import { CONNECTIONS, type LoadPlan, type LoadResult } from "./load-plan.ts";

const plan = JSON.parse(process.argv[2] ?? "{}") as LoadPlan;
process.stdout.write(JSON.stringify(await ask(plan)));

async function ask(given: LoadPlan): Promise<LoadResult> {
  const { address, path, headers, tokenFile, status, durationMs, skip, connections = CONNECTIONS } = given;
  const tokens = tokenFile === undefined ? undefined : openTokens(tokenFile);
  const pool = new Pool(`http://${address}`, { connections, pipelining: 1 });
  const samples: number[] = [];
  let sent = 0;
  let unexpected = 0;
  const startedMs = performance.now();
  const work = async (): Promise<void> => {
    do {
      const beganMs = performance.now();
      const authorization = tokens && `Bearer ${tokens.read((skip + sent) % tokens.count)}`;
      sent += 1;
      const asked = authorization === undefined ? headers : { ...headers, authorization };
      const answer = await pool.request({ method: "GET", path, headers: asked });
      await answer.body.dump();
      if (answer.statusCode !== status) unexpected += 1;
      samples.push((performance.now() - beganMs) * 1000);
    } while (performance.now() - startedMs < durationMs);
  };
  await Promise.all(Array.from({ length: connections }, work));
  const wallMicros = (performance.now() - startedMs) * 1000;
  await pool.destroy();
  const [p50Micros, p99Micros] = [quantile(samples, 0.5), quantile(samples, 0.99)];
  return { requests: sent, wallMicros, p50Micros, p99Micros, unexpected };
}
