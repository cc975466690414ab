import { type Command, InvalidArgumentError } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { NamedStep, StepFlags } from "../keys/change-keys.ts";
import type { KeysFlags } from "../keys/open-keys.ts";
import type { RevokeKeyFlags } from "../keys/revoke-key.ts";
import type { PlanFlags, RotateFlags } from "../keys/rotate.ts";
import { addExamples } from "../output/examples.ts";

const DETAILS = `
What the keys are kept in, who verifies, and how long things take stand in a file of their own, countersign-keys.yaml
where no other is named. Every command can be repeated, killed and run by several at once: what was done stands in the
store. Exit 1 where a step is too early or a gate holds it, 3 where the store, a back end or a verifier gives no answer.
`;

const DEFAULT_CONFIGURATION = "countersign-keys.yaml";
const DEFAULT_WAIT_SECONDS = 5;
/** Long enough for a hundred validations where there is traffic at all. */
const DEFAULT_WATCH_SECONDS = 30;
const LONGEST_SECONDS = 31_622_400;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Adds `countersign keys …`. */
export function addKeysCommand(program: Command, context: CommandContext): void {
  const keys = program
    .command("keys")
    .description("Makes, rotates and revokes the keys that an issuer signs with.")
    .summary("rotate signing keys, safely")
    .addHelpText("after", DETAILS);
  addInitCommand(keys, context);
  addListCommand(keys, context);
  addPlanCommand(keys, context);
  addRotateCommand(keys, context);
  addStepCommands(keys, context);
  addRevokeKeyCommand(keys, context);
  addRestoreCommand(keys, context);
  addExamples(keys, [
    ["countersign keys init", "a key that signs and one that stands by"],
    ["countersign keys rotate --if-older-than 30d", "each hour, from a pipeline"],
    ['countersign keys revoke KID --emergency --reason "leaked"', "dead everywhere in seconds"],
  ]);
}

function addInitCommand(keys: Command, context: CommandContext): void {
  const init = addStepOptions(
    addCommon(
      keys
        .command("init")
        .description("Makes the first key, which signs at once, and a second one that stands by.")
        .summary("make the first keys"),
    ),
    { isUrgent: false },
  );
  init.action(async (flags: StepFlags) => {
    const { initializeKeys } = await import("../keys/change-keys.ts");
    context.report(await initializeKeys(flags, context));
  });
  addExamples(init, [["countersign keys init --config keys.yaml", "where there are none"]]);
}

function addListCommand(keys: Command, context: CommandContext): void {
  const list = addCommon(
    keys
      .command("list")
      .description("Shows the keys, what each may do next, and when.")
      .summary("show the keys")
      .option("--dry-run", "as always: it changes nothing"),
  );
  list.action(async (flags: KeysFlags) => {
    const { listKeys } = await import("../keys/rotate.ts");
    context.report(await listKeys(flags, context));
  });
  addExamples(list, [["countersign keys list --json | jq '.history'", "with every change and who made it"]]);
}

function addPlanCommand(keys: Command, context: CommandContext): void {
  const plan = addCommon(
    keys
      .command("plan")
      .description("Says from when on each step of a rotation is safe, and why not before.")
      .summary("when each step is safe, and why")
      .option("--picture <file>", "draw it too (SVG)")
      .option("--every <time>", "how often you mean to rotate", parseSpan)
      .option("--assume-cache <time>", "verifiers that are not ours keep a JWKS for so long", parseSpan)
      .option("--dry-run", "as always: it changes nothing"),
  );
  plan.action(async (flags: PlanFlags) => {
    const rotation = await import("../keys/rotate.ts");
    context.report(await rotation.plan(flags, context));
  });
  addExamples(plan, [
    ["countersign keys plan --picture rotation.svg", "the calendar, and as a picture"],
    ["countersign keys plan --assume-cache 24h", "with clients that cache for a day"],
  ]);
}

function addRotateCommand(keys: Command, context: CommandContext): void {
  const rotate = addStepOptions(
    addCommon(
      keys
        .command("rotate")
        .description(
          "Does all of a rotation that is due, and says what is not: begins one, or goes on with it.",
        )
        .summary("rotate, as far as it is safe now")
        .option(
          "--if-older-than <time>",
          "begin one only where the key signs for so long (30d, 12h)",
          parseSpan,
        )
        .option("--continue", "go on and clean up; begin none")
        .option("--wait-seconds <seconds>", "stay until it has ended, at most so long", parseSpan)
        .option(
          "--watch-seconds <seconds>",
          "after a promotion, for rolling back",
          parseSpan,
          DEFAULT_WATCH_SECONDS,
        )
        .option("--metrics-file <file>", "write what holds it for Prometheus (textfile)"),
    ),
    { isUrgent: false },
  );
  rotate.action(async (flags: RotateFlags) => {
    const rotation = await import("../keys/rotate.ts");
    context.report(await rotation.rotate(flags, context));
  });
  addExamples(rotate, [
    ["countersign keys rotate --if-older-than 30d --json", "from a pipeline, each hour"],
    ["countersign keys rotate --continue", "the next step of one that is under way"],
  ]);
}

const STEPS: readonly (readonly [name: NamedStep, what: string, argument: string])[] = [
  ["promote", "Lets a published key sign; the one before retires.", "default the one published first"],
  [
    "retire",
    "Stops a key from signing, by its successor, or takes a waiting one out of line.",
    "default the active one",
  ],
  ["remove", "Takes a retired key out of the JWKS.", "default the one that retires"],
];

function addStepCommands(keys: Command, context: CommandContext): void {
  for (const [name, what, argument] of STEPS) {
    const summary = `${what.charAt(0).toLowerCase()}${what.slice(1, -1)}`;
    const command = addStepOptions(
      addCommon(keys.command(name).description(what).summary(summary).argument("[kid]", argument)),
      { isUrgent: true },
    );
    command.action(async (keyId: string | undefined, flags: StepFlags) => {
      const { changeKey } = await import("../keys/change-keys.ts");
      context.report(await changeKey(name, { keyId, flags, context }));
    });
    addExamples(command, [[`countersign keys ${name} --dry-run`, "whether it would be done now"]]);
  }
}

function addRevokeKeyCommand(keys: Command, context: CommandContext): void {
  const revoke = addStepOptions(
    addCommon(
      keys
        .command("revoke")
        .description("Kills a key: another signs, verifiers are told, the JWKS goes without it.")
        .summary("kill a key that leaked")
        .argument("<kid>", "of any state")
        .option("--wait-seconds <seconds>", "for verifiers to apply it", parseSpan, DEFAULT_WAIT_SECONDS)
        .option("--audit-log <file...>", "count whom it let in, in these audit files of sidecars"),
    ),
    { isUrgent: true },
  );
  revoke.action(async (keyId: string, flags: RevokeKeyFlags) => {
    const { revokeSigningKey } = await import("../keys/revoke-key.ts");
    context.report(await revokeSigningKey({ keyId, flags, context }));
  });
  addExamples(revoke, [['countersign keys revoke KID --emergency --reason "found in a log"', "now"]]);
}

function addRestoreCommand(keys: Command, context: CommandContext): void {
  const restore = addStepOptions(
    addCommon(
      keys
        .command("restore")
        .description("Brings back a key that was removed or revoked by mistake; it signs no more.")
        .summary("bring a key back into the JWKS")
        .argument("<kid>", "one that is not destroyed yet"),
    ),
    { isUrgent: false },
  );
  restore.action(async (keyId: string, flags: StepFlags) => {
    const { restoreSigningKey } = await import("../keys/revoke-key.ts");
    context.report(await restoreSigningKey({ keyId, flags, context }));
  });
  addExamples(restore, [
    ['countersign keys restore KID --reason "removed too early"', "while its tokens live"],
  ]);
}

function addCommon(command: Command): Command {
  return command
    .option("-c, --config <file>", "what the keys are kept in", DEFAULT_CONFIGURATION)
    .option("--actor <name>", "who does it, for the record; default $COUNTERSIGN_ACTOR or user@host")
    .option("--json", "print one JSON document");
}

function addStepOptions(command: Command, { isUrgent }: { readonly isUrgent: boolean }): Command {
  command
    .option("--reason <text>", "why, for the record")
    .option("--dry-run", "say what would be done, and change nothing");
  if (isUrgent) command.option("--emergency", "do not wait for verifiers to be ready; needs a reason");
  return command;
}

/** "90", "90s", "15m", "12h" or "30d", in seconds. */
function parseSpan(text: string): number {
  const [, number = "", unit = "s"] = /^(\d{1,9}(?:\.\d{1,3})?)([smhd])?$/.exec(text) ?? [];
  const seconds = number === "" ? Number.NaN : Number(number) * (UNITS[unit] ?? Number.NaN);
  if (seconds >= 0 && seconds <= LONGEST_SECONDS) return seconds;
  throw new InvalidArgumentError("Expected seconds, or a number with s, m, h or d, at most 366 days.");
}
