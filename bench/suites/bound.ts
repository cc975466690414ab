/** What a proof of possession adds: the same tokens under Bearer and under DPoP, each proof used once. */

import { createHash, createPublicKey, verify } from "node:crypto";
import { createValidator, MemoryReplayStore, type ValidationContext, type Validator } from "countersign";
import { createDpopClient, createTestIssuer } from "countersign/testing";
import type { CaseResult } from "../bench-row.ts";
import { quantile } from "../measure/quantile.ts";
import { type Contender, race, type Slot } from "../measure/race.ts";
import { type BenchContext, IN_PROCESS_RACES, type Suite } from "./suite.ts";

const REQUEST = { method: "GET", url: "https://api.test/orders" };
const COUNTS = { full: 4000, quick: 2000, tiny: 20 } as const;
const clock = (): number => 1_700_000_000_000;

/** A request as a validator gets it; the floor has only its signatures to verify. */
interface Asked {
  readonly token: string;
  readonly proof: string | undefined;
}

export const BOUND_SUITE: Suite = {
  name: "bound",
  title:
    "Tokens that are bound to a key (ES256), beside the same as bearer tokens; the floor verifies the signatures",
  run: measure,
};

async function* measure({ speed }: BenchContext): AsyncIterable<CaseResult> {
  const issuer = await createTestIssuer({ algorithms: ["ES256"], clock });
  const client = await createDpopClient({ clock });
  const runtime = `node ${process.versions.node}`;
  const keys = { issuer: issuer.key().publicJwk ?? {}, client: client.publicJwk };
  const signMany = async (claims: object): Promise<readonly string[]> =>
    Promise.all(Array.from({ length: COUNTS[speed] }, () => issuer.sign({ ...claims })));
  const prove = async (tokens: readonly string[]): Promise<readonly Asked[]> =>
    Promise.all(tokens.map(async (token) => ({ token, proof: await client.prove({ ...REQUEST, token }) })));
  const cnf = { jkt: client.jkt };
  const [repeated = ""] = await signMany({ cnf });
  const cases: readonly (readonly [name: string, asked: readonly Asked[]])[] = [
    ["bearer, each token new", (await signMany({})).map((token) => ({ token, proof: undefined }))],
    ["DPoP, each token new", await prove(await signMany({ cnf }))],
    ["DPoP, one token", await prove(Array<string>(COUNTS[speed]).fill(repeated))],
  ];
  for (const [name, asked] of cases) {
    const isSeen = name.endsWith("one token");
    const contenders: readonly Contender[] = [
      { subject: "floor", runtime, runSlot: runEach(asked, createFloor(keys, isSeen)) },
      {
        subject: "countersign",
        runtime,
        runSlot: runEach(asked, createOurs(issuer.validatorOptions(), isSeen)),
      },
    ];
    yield { suite: "bound", name, measurements: await race(contenders, IN_PROCESS_RACES[speed]) };
  }
}

type Judge = (asked: Asked) => Promise<boolean>;

function createOurs(
  options: ReturnType<Awaited<ReturnType<typeof createTestIssuer>>["validatorOptions"]>,
  isSeen: boolean,
): () => Judge {
  return () => {
    const validator: Validator = createValidator({
      issuers: [options],
      clock,
      replay: new MemoryReplayStore({ clock }),
      // New tokens come again in the next slot; a memory would know them then.
      ...(!isSeen && { signatureCache: "off" }),
    });
    return async ({ token, proof }) => {
      const context: ValidationContext | undefined =
        proof === undefined ? undefined : { presentation: { scheme: "DPoP", proofs: [proof], ...REQUEST } };
      return (await validator.judge(token, context)).ok;
    };
  };
}

function createFloor(
  jwks: { readonly issuer: object; readonly client: object },
  isSeen: boolean,
): () => Judge {
  const [issuer, client] = [jwks.issuer, jwks.client].map((key) => ({
    key: createPublicKey({ key: { ...key }, format: "jwk" }),
    dsaEncoding: "ieee-p1363" as const,
  }));
  const isSigned = (jws: string, key: typeof issuer): boolean => {
    const end = jws.lastIndexOf(".");
    const signature = Buffer.from(jws.slice(end + 1), "base64url");
    return key !== undefined && verify("sha256", Buffer.from(jws.slice(0, end)), key, signature);
  };
  return () =>
    async ({ token, proof }) => {
      if (proof === undefined) return isSigned(token, issuer);
      createHash("sha256").update(token).digest("base64url");
      return (isSeen || isSigned(token, issuer)) && isSigned(proof, client);
    };
}

/** One turn; each begins with a judge that has seen nothing, so that every proof is new to it. */
function runEach(asked: readonly Asked[], open: () => Judge): (slotMs: number) => Promise<Slot> {
  return async (slotMs) => {
    const latencies: number[] = [];
    let judge = open();
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    for (let index = 0; performance.now() - startedMs < slotMs || index === 0; index++) {
      if (index > 0 && index % asked.length === 0) judge = open();
      const one = asked[index % asked.length];
      const beginMs = performance.now();
      if (one === undefined || !(await judge(one))) throw new Error("a good token was refused");
      latencies.push((performance.now() - beginMs) * 1000);
    }
    const wallMicros = (performance.now() - startedMs) * 1000;
    const { user, system } = process.cpuUsage(cpu);
    latencies.sort((a, b) => a - b);
    return {
      operations: latencies.length,
      cpuMicros: user + system,
      wallMicros,
      p50Micros: quantile(latencies, 0.5),
      p99Micros: quantile(latencies, 0.99),
    };
  };
}
