import type { CaseResult } from "../bench-row.ts";
import {
  ALGORITHM_DECISION_KINDS,
  DECISION_KINDS,
  FEW_DECISION_KINDS,
  OWN_DECISION_KINDS,
} from "../servers/decision-kinds.ts";
import { askHttp, describeLoad } from "../servers/load/load.ts";
import {
  canReadUsage,
  closeServers,
  raceServers,
  type ServerCase,
  startServers,
} from "../servers/race-servers.ts";
import { serveKeys } from "../servers/serve-keys.ts";
import { measureDisturbance } from "./decision-disturbed.ts";
import { GENERIC_HEADERS } from "./generic-headers.ts";
import { type BenchContext, CIRCULATING, SERVER_RACES, type Suite } from "./suite.ts";

const KINDS = { full: DECISION_KINDS, quick: FEW_DECISION_KINDS, tiny: OWN_DECISION_KINDS } as const;
/** They remember verified tokens. */
const REMEMBERING = ["countersign", "@fastify/jwt (cache on)"];
/** Enough to compare a refusal by. */
const REFUSING = ["countersign", "haproxy", "@fastify/jwt", "golang-jwt"];

export const DECISION_SUITE: Suite = {
  name: "decision",
  title: `Is this request let in? 200 or 401, the server on one core, ${describeLoad()} on the other`,
  run: measure,
};

async function* measure(context: BenchContext): AsyncIterable<CaseResult> {
  if (!canReadUsage()) return context.skip("decision", "what a server costs is read from Linux' /proc");
  for (const algorithm of context.speed === "full" ? (["RS256", "ES256"] as const) : (["RS256"] as const)) {
    const key = context.tokens.key(algorithm).verification;
    const keys = await serveKeys([key.jwk], context.folder);
    const facts = { key, keys, upstream: "127.0.0.1:1" };
    const servers = await startServers(
      algorithm === "RS256" ? KINDS[context.speed] : ALGORITHM_DECISION_KINDS,
      { context, facts },
    );
    try {
      for (const serverCase of await createCases(context, algorithm))
        yield await raceServers("decision", { servers, serverCase, context });
    } finally {
      await closeServers(servers);
      keys.close();
    }
  }
  if (context.speed === "full") yield* measureDisturbance(context);
}

async function createCases(
  { speed, tokens }: BenchContext,
  algorithm: "RS256" | "ES256",
): Promise<readonly ServerCase[]> {
  const count = CIRCULATING[speed];
  const { path: tokenFile } = await tokens.sign(algorithm, count);
  const { path: single } = await tokens.sign(algorithm, 1);
  const options = SERVER_RACES[speed];
  const fewer = { ...options, rounds: Math.ceil(options.rounds / 2) };
  const request = { path: "/authz", headers: GENERIC_HEADERS, status: 200 };
  const many: ServerCase = {
    name: `${algorithm} ${count} tokens`,
    ask: askHttp({ ...request, tokenFile }),
    options: algorithm === "RS256" ? options : fewer,
    circulating: count,
  };
  if (speed === "quick" || algorithm !== "RS256") return [many];
  return [
    many,
    {
      name: `${algorithm} one token`,
      ask: askHttp({ ...request, tokenFile: single }),
      options: fewer,
      takesPart: ({ subject }) => REMEMBERING.includes(subject),
    },
    {
      name: "no token",
      ask: askHttp({ ...request, tokenFile: undefined, status: 401 }),
      options: fewer,
      takesPart: ({ subject }) => REFUSING.includes(subject),
    },
  ];
}
