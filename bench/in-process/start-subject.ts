import { type ChildProcess, fork } from "node:child_process";
import { INHERITED_OPTIONS } from "../inherited-options.ts";
import type { Contender } from "../measure/race.ts";
import type {
  HeapReading,
  JudgeCase,
  SubjectGreeting,
  SubjectReply,
  SubjectRequest,
} from "./subject-messages.ts";
import type { SubjectVariant } from "./subject-table.ts";

export interface RunningSubject extends Contender {
  /** False where it has no such algorithm. Ends the case before. */
  prepare(judgeCase: JudgeCase): Promise<boolean>;
  /** Judges so many tokens of the case, then collects garbage and reads the heap. */
  judge(operations: number): Promise<HeapReading>;
  close(): void;
}

const MODULE = new URL("./subject-process.ts", import.meta.url);

/** Starts the process of one subject. It ends with this one. */
export async function startSubject(variant: SubjectVariant): Promise<RunningSubject> {
  const child = fork(MODULE, [JSON.stringify(variant)], {
    execArgv: [...INHERITED_OPTIONS, "--expose-gc"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const { runtime } = await receive<SubjectGreeting>(child, variant.subject);
  const ask = async <K extends SubjectReply["kind"]>(request: SubjectRequest, kind: K) => {
    child.send(request);
    const reply = await receive<SubjectReply>(child, variant.subject);
    if (reply.kind === "failed") throw new Error(`${variant.subject}: ${reply.problem}`);
    if (reply.kind !== kind) throw new Error(`${variant.subject}: ${reply.kind} instead of ${kind}`);
    return reply as Extract<SubjectReply, { readonly kind: K }>;
  };
  return {
    subject: variant.subject,
    runtime,
    prepare: async (judgeCase) => (await ask({ kind: "prepare", judgeCase }, "prepared")).isSupported,
    runSlot: async (slotMs) => (await ask({ kind: "run", slotMs }, "ran")).slot,
    judge: async (operations) => (await ask({ kind: "judge", operations }, "judged")).reading,
    close: () => child.disconnect(),
  };
}

function receive<T>(child: ChildProcess, subject: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (code: number | null): void =>
      reject(new Error(`the process of ${subject} ended with ${code}`));
    child.once("exit", fail);
    child.once("message", (message) => {
      child.off("exit", fail);
      resolve(message as T);
    });
  });
}
