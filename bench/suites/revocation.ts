/** A look-up in the list of revocations, among few and many, beside a Set of the same identifiers. */

import { MemoryRevocationList } from "countersign";
import type { CaseResult } from "../bench-row.ts";
import { type AskedToken, makeToken, nameToken, revokeToken } from "../in-process/revoked-tokens.ts";
import { quantile } from "../measure/quantile.ts";
import { type Contender, race, type Slot } from "../measure/race.ts";
import { type BenchContext, IN_PROCESS_RACES, type Speed, type Suite } from "./suite.ts";

type Size = readonly [words: string, entries: number];

const SIZES: Readonly<Record<Speed, readonly Size[]>> = {
  full: [
    ["10 thousand", 10_000],
    ["1 million", 1_000_000],
    ["10 million", 10_000_000],
  ],
  quick: [
    ["10 thousand", 10_000],
    ["1 million", 1_000_000],
  ],
  tiny: [["10 thousand", 10_000]],
};
/** A Set of more texts takes gigabytes. */
const LARGEST_SET = 1_000_000;

/** Tokens made, then asked about, at a time: few enough to be in the caches, as the token of a request is. */
const CHUNK = 100;
/** Odd and far from any power of two: look-ups go to places all over the table. */
const STRIDE = 7919;

export const REVOCATION_SUITE: Suite = {
  name: "revocation",
  title: "A look-up among revocations by jti; the floor is a JavaScript Set of the same texts",
  run: measure,
};

async function* measure({ speed }: BenchContext): AsyncIterable<CaseResult> {
  for (const [words, entries] of SIZES[speed]) {
    const list = new MemoryRevocationList();
    const expiresAtMs = Date.now() + 3_600_000;
    const names = new Set<string>();
    for (let index = 0; index < entries; index++) {
      revokeToken(list, index, expiresAtMs);
      if (entries <= LARGEST_SET) names.add(nameToken(index));
    }
    for (const isRevoked of [false, true]) {
      const asked = { entries, isRevoked };
      const contenders = [
        compete("countersign", { ...asked, find: (token) => list.find(token) !== undefined }),
        compete("floor", { ...asked, find: ({ claims }) => names.has(claims["jti"] as string) }),
      ].filter(({ subject }) => subject === "countersign" || entries <= LARGEST_SET);
      const measurements = (await race(contenders, IN_PROCESS_RACES[speed])).map((measured) =>
        measured.subject === "countersign" ? { ...measured, bytes: list.bytes / entries } : measured,
      );
      const name = `${isRevoked ? "revoked" : "not revoked"}, among ${words}`;
      yield { suite: "revocation", name, bytesAre: "an entry", measurements };
    }
  }
}

interface Competing {
  readonly entries: number;
  readonly isRevoked: boolean;
  readonly find: (token: AskedToken) => boolean;
}

function compete(subject: string, { entries, isRevoked, find }: Competing): Contender {
  let next = 0;
  const makeChunk = (): readonly AskedToken[] =>
    Array.from({ length: CHUNK }, () => {
      next = (next + STRIDE) % entries;
      return makeToken(isRevoked ? next : next + entries);
    });
  return {
    subject,
    runtime: `node ${process.versions.node}`,
    runSlot: (slotMs) => Promise.resolve(runChunks(slotMs, { makeChunk, find, expected: isRevoked })),
  };
}

/**
 * Only look-ups are timed, by the wall: a chunk of them is too short for the system's account of CPU. A chunk in which
 * the system took the processor away does not count.
 */
function runChunks(
  slotMs: number,
  {
    makeChunk,
    find,
    expected,
  }: {
    readonly makeChunk: () => readonly AskedToken[];
    readonly find: Competing["find"];
    readonly expected: boolean;
  },
): Slot {
  const micros: number[] = [];
  const endMs = performance.now() + slotMs;
  do {
    const tokens = makeChunk();
    const switches = process.resourceUsage().involuntaryContextSwitches;
    const startedMs = performance.now();
    let found = 0;
    for (const token of tokens) if (find(token)) found += 1;
    const spent = (performance.now() - startedMs) * 1000;
    if (found !== (expected ? tokens.length : 0)) throw new Error(`a look-up was wrong: ${found}`);
    if (process.resourceUsage().involuntaryContextSwitches === switches) micros.push(spent / tokens.length);
  } while (performance.now() < endMs || micros.length === 0);
  const operations = micros.length * CHUNK;
  const wallMicros = micros.reduce((sum, each) => sum + each * CHUNK, 0);
  micros.sort((left, right) => left - right);
  const [p50Micros, p99Micros] = [quantile(micros, 0.5), quantile(micros, 0.99)];
  return { operations, cpuMicros: wallMicros, wallMicros, p50Micros, p99Micros };
}
