/** Checks of Envoy's ext_authz over gRPC: the sidecar beside the bare server of the same library. */

import { type ClientHttp2Session, connect } from "node:http2";
import { encodeCheckCall } from "./encode-check.ts";
import { type Measurement, quantile, type RaceOptions } from "./race.ts";
import { type MeteredServer, startMetered } from "./server-process.ts";
import { createClaims, createKey, padTo, signClaims } from "./tokens.ts";

export interface ExtAuthzCase {
  readonly suite: "ext-authz";
  readonly name: string;
  /** Of one message, with gRPC's frame. */
  readonly bytes: number;
  readonly calls: readonly Buffer[];
  /** What the sidecar must answer; a wrong answer ends the run. */
  readonly isAllowed: boolean;
}

export interface ExtAuthzResult {
  readonly benchCase: ExtAuthzCase;
  readonly results: readonly Measurement[];
}

const CHECK = "/envoy.service.auth.v3.Authorization/Check";
const TOKENS = 500;
const TOKEN_BYTES = 800;
/** Calls at the same time, on one connection. */
const IN_FLIGHT = 16;
const SLOTS_TO_WARM_UP = 4;

interface Contender {
  readonly subject: string;
  readonly server: MeteredServer;
  readonly session: ClientHttp2Session;
}

/** Runs both servers in turn. CPU is that of the server's process; p50 and p99 are what the caller waits. */
export async function raceExtAuthz(options: RaceOptions): Promise<readonly ExtAuthzResult[]> {
  const key = createKey("ES256");
  const contenders: Contender[] = [];
  for (const subject of ["floor", "countersign"]) {
    const server = await startMetered(new URL("./serve-ext-authz.ts", import.meta.url), [
      subject,
      JSON.stringify(key.jwk),
    ]);
    contenders.push({ subject, server, session: connect(`http://${server.address}`) });
  }
  try {
    const results: ExtAuthzResult[] = [];
    for (const benchCase of createCases(key)) {
      results.push({ benchCase, results: await raceCase(benchCase, { contenders, options }) });
    }
    return results;
  } finally {
    for (const { server, session } of contenders) {
      session.destroy();
      server.close();
    }
  }
}

function createCases(key: ReturnType<typeof createKey>): readonly ExtAuthzCase[] {
  const header = { typ: "at+jwt" };
  const signing = { algorithm: "ES256", key, header } as const;
  const padding = padTo(TOKEN_BYTES, signing);
  const tokens = Array.from({ length: TOKENS }, (_, serial) =>
    signClaims({ ...createClaims(serial), ...padding }, signing),
  );
  const create = ({
    isAllowed = true,
    ...rest
  }: Pick<ExtAuthzCase, "name" | "calls"> & { readonly isAllowed?: boolean }): ExtAuthzCase => {
    return { suite: "ext-authz", bytes: rest.calls[0]?.length ?? 0, isAllowed, ...rest };
  };
  return [
    create({
      name: "ES256 accepted",
      calls: tokens.map((token) => encodeCheckCall("/orders/17?x=1", token)),
    }),
    create({ name: "anonymous", calls: [encodeCheckCall("/public/index", undefined)] }),
    create({ name: "no token", calls: [encodeCheckCall("/orders/17", undefined)], isAllowed: false }),
  ];
}

async function raceCase(
  { calls, isAllowed }: ExtAuthzCase,
  { contenders, options }: { readonly contenders: readonly Contender[]; readonly options: RaceOptions },
): Promise<readonly Measurement[]> {
  const turns = contenders.map((contender) => ({
    contender,
    cpu: [] as number[],
    wall: [] as number[],
    each: [] as number[],
  }));
  for (const { subject, session } of contenders) {
    const isLetIn = readCode(await call(session, calls[0] as Buffer)) === 0;
    if (subject === "countersign" && isLetIn !== isAllowed) throw new Error(`${subject} gave a wrong answer`);
  }
  for (const { contender } of turns)
    await runSlot(contender, { calls, slotMs: options.slotMs * SLOTS_TO_WARM_UP });
  for (let round = 0; round < options.rounds; round++) {
    for (const turn of turns) {
      const slot = await runSlot(turn.contender, { calls, slotMs: options.slotMs });
      turn.cpu.push(slot.cpuMicrosPerOp);
      turn.wall.push(slot.wallMicrosPerOp);
      turn.each.push(...slot.samples);
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
  { server, session }: Contender,
  { calls, slotMs }: { readonly calls: readonly Buffer[]; readonly slotMs: number },
): Promise<{
  readonly cpuMicrosPerOp: number;
  readonly wallMicrosPerOp: number;
  readonly samples: readonly number[];
}> {
  const samples: number[] = [];
  let next = 0;
  await server.readCpu();
  const started = performance.now();
  const callOn = async (): Promise<void> => {
    while (performance.now() - started < slotMs) {
      const before = performance.now();
      await call(session, calls[next++ % calls.length] as Buffer);
      samples.push((performance.now() - before) * 1000);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, callOn));
  const wallMicros = (performance.now() - started) * 1000;
  const cpu = await server.readCpu();
  return {
    cpuMicrosPerOp: cpu / samples.length,
    wallMicrosPerOp: wallMicros / samples.length,
    samples,
  };
}

/** `status.code` of a `CheckResponse`, which begins with it; 0 is left out. */
function readCode(answer: Buffer): number {
  const status = answer.subarray(7, 7 + (answer[6] ?? 0));
  return status[1] ?? 0;
}

/** One call; rejects for every status but 0, so that nothing is measured that did not answer. */
function call(session: ClientHttp2Session, frame: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": CHECK,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let status = "";
    stream.on("trailers", (trailers) => {
      status = String(trailers["grpc-status"]);
    });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () =>
      status === "0" ? resolve(Buffer.concat(chunks)) : reject(new Error(`gRPC status ${status}`)),
    );
    stream.end(frame);
  });
}
