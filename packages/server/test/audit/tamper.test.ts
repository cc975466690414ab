import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { type ChainProblem, verifyChain } from "../../src/audit/chain/verify-chain.ts";
import { createEvent, createFolder, openChain, SIGNING_KEY } from "./kit.ts";

const LINES = 120;
const LINE_FEED = 0x0a;

/** A change, and the lines of which one has to be named. */
interface Tampering {
  readonly what: string;
  readonly octets: Buffer;
  readonly lines: readonly number[];
}

/** Numbers that are the same at each run, so that a failure can be seen again. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function lineAt(octets: Buffer, offset: number): number {
  let line = 1;
  for (let index = octets.indexOf(LINE_FEED); index >= 0 && index < offset; line++) {
    index = octets.indexOf(LINE_FEED, index + 1);
  }
  return line;
}

function join(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1");
}

function tamper(octets: Buffer, random: (below: number) => number): Tampering {
  const lines = octets.toString("latin1").trimEnd().split("\n");
  const line = random(lines.length);
  const other = random(lines.length);
  const offset = random(octets.length);
  const [first, last] = [Math.min(line, other), Math.max(line, other)];
  switch (random(8)) {
    case 0: {
      const changed = Buffer.from(octets);
      changed[offset] = ((changed[offset] ?? 0) + 1 + random(254)) % 256;
      return { what: `octet ${offset} changed`, octets: changed, lines: [lineAt(octets, offset)] };
    }
    case 1: {
      const changed = Buffer.from(octets);
      changed[offset] = (changed[offset] ?? 0) ^ (1 << random(8));
      return { what: `a bit of octet ${offset} flipped`, octets: changed, lines: [lineAt(octets, offset)] };
    }
    case 2: {
      const changed = Buffer.concat([octets.subarray(0, offset), octets.subarray(offset + 1)]);
      return { what: `octet ${offset} removed`, octets: changed, lines: [lineAt(octets, offset)] };
    }
    case 3: {
      const added = Buffer.from([33 + random(90)]);
      const changed = Buffer.concat([octets.subarray(0, offset), added, octets.subarray(offset)]);
      return { what: `an octet put before ${offset}`, octets: changed, lines: [lineAt(octets, offset)] };
    }
    case 4: {
      const changed = [...lines.slice(0, first), ...lines.slice(last + 1)];
      return {
        what: `lines ${first + 1} to ${last + 1} cut`,
        octets: join(changed),
        lines: [first + 1, first],
      };
    }
    case 5: {
      const changed = octets.subarray(0, Math.max(1, offset));
      const end = lineAt(octets, offset);
      return { what: `cut off at ${offset}`, octets: changed, lines: [end, end - 1] };
    }
    case 6: {
      if (first === last) return tamper(octets, random);
      const changed = [...lines];
      [changed[first], changed[last]] = [lines[last] ?? "", lines[first] ?? ""];
      return {
        what: `lines ${first + 1} and ${last + 1} swapped`,
        octets: join(changed),
        lines: [first + 1],
      };
    }
    default: {
      const changed = [...lines.slice(0, line), lines[other] ?? "", ...lines.slice(line)];
      return {
        what: `line ${other + 1} once more before ${line + 1}`,
        octets: join(changed),
        lines: [line + 1, line + 2],
      };
    }
  }
}

test("each of 1,000 random edits, cuts and reorderings is found, and where it is", async () => {
  await using folder = await createFolder();
  const whole = folder.file("audit.jsonl");
  const { chain } = await openChain(whole);
  for (let serial = 0; serial < LINES; serial++) await chain.deliver([createEvent(serial)]);
  await chain.close();
  const octets = await readFile(whole);
  const changed = folder.file("changed.jsonl");
  const random = createRandom(20_261_123);
  for (let count = 0; count < 1000; count++) {
    const tampering = tamper(octets, random);
    await writeFile(changed, tampering.octets);
    const { problems } = await verifyChain({ paths: [changed], key: SIGNING_KEY, isLive: false });
    const names = ({ fromLine, line }: ChainProblem): boolean =>
      tampering.lines.some((at) => fromLine <= Math.max(1, at) && Math.max(1, at) <= line);
    const [first] = problems;
    assert.ok(first !== undefined, `not found: ${tampering.what}`);
    assert.ok(
      names(first),
      `${tampering.what}: told at ${first.fromLine} to ${first.line} (${first.detail})`,
    );
    // No line of a closed trail is blamed together with many others but where its end is gone.
    assert.ok(first.kind === "unclosed" || first.kind === "rewritten" || first.line - first.fromLine <= 1);
  }
});
