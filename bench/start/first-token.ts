/** What a fresh process does: loads a library, sets it up, judges one token, says what that took. */

import type { CreateJudge } from "../in-process/subject.ts";
import type { VerificationKey } from "../tokens/key-material.ts";

/** What the process is told: one parameter, JSON. */
export interface StartParameters {
  readonly key: VerificationKey;
  readonly token: string;
}

/**
 * @public What is built calls it.
 * @param create Undefined for a process that does nothing.
 */
export async function judgeFirstToken(create: CreateJudge | undefined): Promise<void> {
  if (create !== undefined) {
    const { key, token } = JSON.parse(process.argv[2] ?? "{}") as StartParameters;
    const setup = { key, cacheEntries: 0, expected: true, isAwaited: false };
    const judgeAt = create(setup, { count: 1, read: () => token });
    if ((await judgeAt?.(0)) !== true) throw new Error("the token was refused");
  }
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${user + system}`);
}
