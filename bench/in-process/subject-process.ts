/** The process of one subject: nothing else runs in it, so that its CPU and its heap are its own. */

import { createOrder } from "../tokens/token-order.ts";
import { openTokens } from "../tokens/token-source.ts";
import { runLoop } from "./judge-loop.ts";
import type { CreateJudge, JudgeAt } from "./subject.ts";
import type { JudgeCase, SubjectGreeting, SubjectReply, SubjectRequest } from "./subject-messages.ts";
import { SUBJECT_MODULES, type SubjectVariant } from "./subject-table.ts";

interface Prepared {
  readonly judgeAt: JudgeAt;
  readonly next: () => number | undefined;
  readonly expected: boolean;
  operations: number;
}

/** Some remember a token only once it comes again. */
const FILLING_ROUNDS = 4;
const WARM_UP_BATCH = 500;
/** What a case after the first may take for it, of each thousand operations that the first one takes. */
const WARM_UP_MS = 15;

const variant = JSON.parse(process.argv[2] ?? "{}") as SubjectVariant;
const { create } = await SUBJECT_MODULES[variant.module]();
const collectGarbage = (globalThis as { readonly gc?: () => void }).gc;
let judgedInAll = 0;
let prepared: Prepared | undefined;

process.on("message", (request: SubjectRequest) => {
  answer(request).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ kind: "failed", problem: String(error) } satisfies SubjectReply),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.({ runtime: describeRuntime() } satisfies SubjectGreeting);

async function answer(request: SubjectRequest): Promise<SubjectReply> {
  if (request.kind === "prepare") {
    // What the case before has left is not this one's to collect.
    prepared = undefined;
    collectGarbage?.();
    prepared = await prepare(create, request.judgeCase);
    return { kind: "prepared", isSupported: prepared !== undefined };
  }
  if (prepared === undefined) throw new Error("nothing is prepared");
  if (request.kind === "judge") return { kind: "judged", reading: await judge(prepared, request.operations) };
  const slot = await runLoop({ ...prepared, slotMs: request.slotMs, inFlight: variant.inFlight ?? 1 });
  prepared.operations += slot.operations;
  return { kind: "ran", slot };
}

async function prepare(createJudge: CreateJudge, judgeCase: JudgeCase): Promise<Prepared | undefined> {
  const { expected, order, tokenFile, filledWith = 0 } = judgeCase;
  const cacheEntries = variant.isCached === true ? judgeCase.cacheEntries : 0;
  const setup = { ...judgeCase, cacheEntries, isAwaited: variant.isAwaited === true };
  const tokens = openTokens(tokenFile);
  const judgeAt = createJudge(setup, tokens);
  if (judgeAt === undefined) return undefined;
  // What remembers nothing needs no filling and may see a token again, and the floor is too fast for any number.
  if (cacheEntries === 0) {
    const next = createOrder(order === "once" ? "cycle" : order, tokens.count);
    const created: Prepared = { judgeAt, next, expected, operations: 0 };
    await warmUp(created, Number.POSITIVE_INFINITY, judgeCase.warmAfter);
    return created;
  }
  const fill = createOrder("cycle", filledWith);
  await judge({ judgeAt, next: fill, expected, operations: 0 }, filledWith * FILLING_ROUNDS);
  const next = createOrder(order, tokens.count, order === "once" ? filledWith : 0);
  const created: Prepared = { judgeAt, next, expected, operations: 0 };
  await warmUp(
    created,
    order === "once" ? tokens.count - filledWith : Number.POSITIVE_INFINITY,
    judgeCase.warmAfter,
  );
  return created;
}

/**
 * The runtime compiles what is called often: code that is new is as slow as no server ever sees it. Each case takes
 * ways of its own, which are compiled in their turn; of tokens that must not come twice, a third is spent.
 */
async function warmUp(created: Prepared, available: number, warmAfter = 0): Promise<void> {
  const wanted = Math.min(warmAfter, Math.floor(available / 3));
  const isNew = judgedInAll < warmAfter;
  const startedMs = performance.now();
  for (let done = 0; done < wanted; done += WARM_UP_BATCH) {
    await judgeEach(created, Math.min(WARM_UP_BATCH, wanted - done));
    if (!isNew && performance.now() - startedMs > (WARM_UP_MS * warmAfter) / 1000) break;
  }
}

async function judge(of: Prepared, operations: number): Promise<{ operations: number; heapBytes: number }> {
  await judgeEach(of, operations);
  // Twice: what the first has finalized goes with the second.
  collectGarbage?.();
  collectGarbage?.();
  const { heapUsed, external } = process.memoryUsage();
  return { operations: of.operations, heapBytes: heapUsed + external };
}

async function judgeEach(of: Prepared, operations: number): Promise<void> {
  for (let done = 0; done < operations; done++) {
    const index = of.next();
    if (index === undefined) throw new Error("there are too few tokens");
    const answer = of.judgeAt(index);
    if ((typeof answer === "boolean" ? answer : await answer) !== of.expected) {
      throw new Error(`token ${index}: wrong answer`);
    }
  }
  of.operations += operations;
  judgedInAll += operations;
}

function describeRuntime(): string {
  const { bun, node } = process.versions;
  return bun === undefined ? `node ${node}` : `bun ${bun}`;
}
