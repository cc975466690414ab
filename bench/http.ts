/** Decisions over HTTP beside a bare node:http server, and the proxy beside the same pipe without judging. */

import { Pool } from "undici";
import { type Measurement, quantile, type RaceOptions } from "./race.ts";
import { type MeteredServer, startMetered } from "./server-process.ts";
import { createClaims, createKey, padTo, signClaims } from "./tokens.ts";

export interface HttpCase {
  readonly suite: "decision" | "proxy";
  readonly name: string;
  /** Of the token. */
  readonly bytes: number;
  readonly path: string;
  /** One set of headers for each request in turn. */
  readonly headers: readonly (readonly string[])[];
  /** What the sidecar must answer; another status ends the run. */
  readonly status: number;
}

export interface HttpResult {
  readonly benchCase: HttpCase;
  readonly results: readonly Measurement[];
}

interface Contender {
  readonly subject: string;
  readonly server: MeteredServer;
  readonly pool: Pool;
}

const TOKENS = 500;
const TOKEN_BYTES = 800;
/** Requests at the same time, each on a connection of its own. */
const IN_FLIGHT = 16;
const SLOTS_TO_WARM_UP = 4;
const MODULE = new URL("./serve-http.ts", import.meta.url);
const ORIGINAL = [
  "x-original-method",
  "GET",
  "x-original-uri",
  "/orders/1",
  "x-original-host",
  "api.example.com",
];
const FORWARDED = [
  "x-forwarded-method",
  "GET",
  "x-forwarded-uri",
  "/orders/1",
  "x-forwarded-host",
  "api.example.com",
];

/** Runs each pair in turn. CPU is that of the judging process alone; p50 and p99 are what the caller waits. */
export async function raceHttp(options: RaceOptions): Promise<readonly HttpResult[]> {
  const key = createKey("ES256");
  const jwk = JSON.stringify(key.jwk);
  const upstream = await startMetered(MODULE, ["floor", ""]);
  const start = async (subject: string, role: string, origin: string): Promise<Contender> => {
    const server = await startMetered(MODULE, [role, jwk, origin]);
    return {
      subject,
      server,
      pool: new Pool(`http://${server.address}`, { connections: IN_FLIGHT, pipelining: 1 }),
    };
  };
  const contenders = {
    decision: [await start("floor", "floor", ""), await start("countersign", "decision", "")],
    proxy: [
      await start("floor", "bare proxy", upstream.address),
      await start("countersign", "proxy", upstream.address),
    ],
  };
  try {
    const results: HttpResult[] = [];
    for (const benchCase of createCases(key)) {
      results.push({
        benchCase,
        results: await raceCase(benchCase, { contenders: contenders[benchCase.suite], options }),
      });
    }
    return results;
  } finally {
    for (const { server, pool } of [...contenders.decision, ...contenders.proxy]) {
      await pool.destroy();
      server.close();
    }
    upstream.close();
  }
}

function createCases(key: ReturnType<typeof createKey>): readonly HttpCase[] {
  const signing = { algorithm: "ES256", key, header: { typ: "at+jwt" } } as const;
  const padding = padTo(TOKEN_BYTES, signing);
  const bearers = Array.from({ length: TOKENS }, (_, serial) => {
    const token = signClaims({ ...createClaims(serial), ...padding }, signing);
    return ["authorization", `Bearer ${token}`];
  });
  const bytes = (bearers[0]?.[1]?.length ?? 7) - 7;
  const ask = (name: string, path: string, described: readonly string[]): HttpCase => {
    const headers = bearers.map((bearer) => [...bearer, ...described]);
    return { suite: "decision", name: `${name} ES256 accepted`, bytes, path, headers, status: 200 };
  };
  const forwarded = [...FORWARDED, "x-forwarded-proto", "https"];
  return [
    ask("nginx", "/authz/nginx", [...ORIGINAL, "x-original-proto", "https"]),
    ask("traefik", "/authz/traefik", forwarded),
    ask("caddy", "/authz/caddy", forwarded),
    ask("envoy-http", "/authz/envoy/orders/1", ["x-forwarded-proto", "https"]),
    ask("generic", "/authz", forwarded),
    {
      suite: "decision",
      name: "generic no token",
      bytes: 0,
      path: "/authz",
      headers: [forwarded],
      status: 401,
    },
    { suite: "proxy", name: "ES256 accepted", bytes, path: "/orders/1", headers: bearers, status: 200 },
    { suite: "proxy", name: "anonymous", bytes: 0, path: "/public/1", headers: [[]], status: 200 },
  ];
}

async function raceCase(
  benchCase: HttpCase,
  { contenders, options }: { readonly contenders: readonly Contender[]; readonly options: RaceOptions },
): Promise<readonly Measurement[]> {
  const turns = contenders.map((contender) => {
    return { contender, cpu: [] as number[], wall: [] as number[], each: [] as number[] };
  });
  for (const contender of contenders) {
    await runSlot(contender, { benchCase, slotMs: options.slotMs * SLOTS_TO_WARM_UP });
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const { contender, cpu, wall, each } of turns) {
      const slot = await runSlot(contender, { benchCase, slotMs: options.slotMs });
      cpu.push(slot.cpuMicrosPerOp);
      wall.push(slot.wallMicrosPerOp);
      each.push(...slot.samples);
    }
  }
  return turns.map(({ contender, cpu, wall, each }) => ({
    subject: contender.subject,
    cpuMicrosPerOp: quantile(cpu, 0.5),
    opsPerSecond: 1e6 / quantile(wall, 0.5),
    p50Micros: quantile(each, 0.5),
    p99Micros: quantile(each, 0.99),
    rounds: cpu,
  }));
}

async function runSlot(
  { subject, server, pool }: Contender,
  { benchCase, slotMs }: { readonly benchCase: HttpCase; readonly slotMs: number },
): Promise<{ cpuMicrosPerOp: number; wallMicrosPerOp: number; samples: readonly number[] }> {
  const { path, headers, status } = benchCase;
  const samples: number[] = [];
  let sent = 0;
  await server.readCpu();
  const started = performance.now();
  const clients = Array.from({ length: IN_FLIGHT }, async () => {
    while (performance.now() - started < slotMs) {
      const before = performance.now();
      const answer = await pool.request({
        method: "GET",
        path,
        headers: [...(headers[sent++ % headers.length] ?? [])],
      });
      await answer.body.dump();
      if (subject === "countersign" && answer.statusCode !== status) {
        throw new Error(`${benchCase.suite} ${benchCase.name}: ${answer.statusCode} instead of ${status}`);
      }
      samples.push((performance.now() - before) * 1000);
    }
  });
  await Promise.all(clients);
  const wallMs = performance.now() - started;
  const cpu = await server.readCpu();
  return { cpuMicrosPerOp: cpu / samples.length, wallMicrosPerOp: (wallMs * 1000) / samples.length, samples };
}
