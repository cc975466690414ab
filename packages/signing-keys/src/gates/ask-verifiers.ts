import type { GateAnswer } from "./gate.ts";
import { type Verifier, VerifierUnavailableError } from "./verifier.ts";

/** Asked at the same time. */
const TOGETHER = 16;

/** What one verifier says: nothing where all is well, what is wrong, or that it could not be asked. */
export interface Finding {
  readonly verifier: string;
  readonly status: "open" | "closed" | "unavailable";
  readonly detail: string;
}

/** Asks each of them. `judge` gives undefined where the verifier does not speak against the step. Never rejects. */
export async function askVerifiers(
  verifiers: readonly Verifier[],
  judge: (verifier: Verifier) => Promise<string | undefined>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const queue = [...verifiers];
  const askSome = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      findings.push(await askOne(next, judge));
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, askSome));
  return findings;
}

async function askOne(
  verifier: Verifier,
  judge: (verifier: Verifier) => Promise<string | undefined>,
): Promise<Finding> {
  try {
    const problem = await judge(verifier);
    return {
      verifier: verifier.name,
      status: problem === undefined ? "open" : "closed",
      detail: problem ?? "",
    };
  } catch (error) {
    const detail =
      error instanceof VerifierUnavailableError
        ? error.message
        : "it could not be asked, by a defect of ours";
    return { verifier: verifier.name, status: "unavailable", detail };
  }
}

const MOST_NAMED = 5;

/** The gate as a whole: closed where one says no, unavailable where one says nothing. */
export function concludeGate(gate: string, findings: readonly Finding[], allIsWell: string): GateAnswer {
  const bad = findings.filter(({ status }) => status !== "open");
  if (bad.length === 0) return { gate, status: "open", detail: allIsWell };
  const named = bad.slice(0, MOST_NAMED).map(({ verifier, detail }) => `${verifier}: ${detail}`);
  if (bad.length > MOST_NAMED) named.push(`and ${bad.length - MOST_NAMED} more`);
  const status = bad.some((each) => each.status === "closed") ? "closed" : "unavailable";
  return { gate, status, detail: named.join("; ") };
}
