/** The process that asks Envoy's question over gRPC: prints a `LoadResult`. */

import { type ClientHttp2Session, connect } from "node:http2";
import { quantile } from "../../measure/quantile.ts";
import { openTokens } from "../../tokens/token-source.ts";
import { encodeCheckCall } from "./encode-check.ts";
import { CALLS_IN_FLIGHT, type GrpcLoadPlan, type LoadResult } from "./load-plan.ts";

const CHECK = "/envoy.service.auth.v3.Authorization/Check";
const TARGET = "/orders/17?x=1";

const plan = JSON.parse(process.argv[2] ?? "{}") as GrpcLoadPlan;
process.stdout.write(JSON.stringify(await ask(plan)));

async function ask({ address, tokenFile, isJudged, durationMs, skip }: GrpcLoadPlan): Promise<LoadResult> {
  const tokens = openTokens(tokenFile);
  // Before the clock starts: what asks must cost less than what answers.
  const calls = Array.from({ length: tokens.count }, (_, index) =>
    encodeCheckCall(TARGET, tokens.read(index)),
  );
  const session = connect(`http://${address}`);
  const samples: number[] = [];
  let sent = 0;
  let unexpected = 0;
  const startedMs = performance.now();
  const work = async (): Promise<void> => {
    do {
      const frame = calls[(skip + sent) % calls.length] ?? Buffer.alloc(0);
      sent += 1;
      const beganMs = performance.now();
      const answer = await call(session, frame);
      samples.push((performance.now() - beganMs) * 1000);
      if (isJudged && readCode(answer) !== 0) unexpected += 1;
    } while (performance.now() - startedMs < durationMs);
  };
  await Promise.all(Array.from({ length: CALLS_IN_FLIGHT }, work));
  const wallMicros = (performance.now() - startedMs) * 1000;
  session.destroy();
  const [p50Micros, p99Micros] = [quantile(samples, 0.5), quantile(samples, 0.99)];
  return { requests: sent, wallMicros, p50Micros, p99Micros, unexpected };
}

/** `status.code` of a `CheckResponse`, which begins with it; 0 is left out. */
function readCode(answer: Buffer): number {
  const status = answer.subarray(7, 7 + (answer[6] ?? 0));
  return status[1] ?? 0;
}

/** Rejects for every status of gRPC but 0: nothing is measured that did not answer. */
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
