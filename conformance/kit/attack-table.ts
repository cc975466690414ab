import { test } from "node:test";
import type { ReasonName, Validator } from "countersign";
import { expectRefusal } from "./expect-verdict.ts";
import { createScene } from "./scene.ts";

/** One hostile token and the one reason for which it has to be refused. */
export interface Attack {
  readonly name: string;
  /** Made when its test runs. */
  readonly token: () => unknown;
  readonly reason: ReasonName;
  /** Default the table's. */
  readonly validator?: () => Validator;
}

/** One test for a class of attacks, with a subtest for each: refused by every way to ask, at the cost that the reason allows. */
export function testAttacks(
  title: `J${number} ${string}`,
  attacks: readonly Attack[],
  createDefault: () => Validator = createScene,
): void {
  test(title, async (context) => {
    const shared = createDefault();
    for (const { name, token, reason, validator } of attacks) {
      await context.test(`${name} is refused with ${reason}`, async () => {
        await expectRefusal(validator?.() ?? shared, token(), reason);
      });
    }
  });
}
