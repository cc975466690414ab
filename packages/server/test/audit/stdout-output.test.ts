import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

const MODULE = new URL("../../src/audit/outputs/stdout-output.ts", import.meta.url).href;

/** Writes far more than a pipe holds, and says on standard error how its event loop is. */
const PROGRAM = `
import { StdoutOutput } from ${JSON.stringify(MODULE)};
const output = new StdoutOutput("native");
const event = { v: 1, time: "2027-01-15T08:00:00.000Z", event: "token.rejected", severity: 5, outcome: "failure", instance: "i", version: "0", detail: "x".repeat(5000) };
let isDone = false;
const delivered = output.deliver(Array.from({ length: 100 }, () => event)).then(() => { isDone = true; });
await new Promise((resolve) => setTimeout(resolve, 50));
process.stderr.write(isDone ? "done early" : "not blocked");
if (process.argv[1] === "wait") await delivered;
else delivered.catch(() => undefined);
await output.close();
`;

function run(...args: readonly string[]): ReturnType<typeof spawn> {
  return spawn(
    process.execPath,
    ["--conditions=@countersign/source", "--input-type=module-typescript", "--eval", PROGRAM, ...args],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
}

test("lines come whole through a pipe that is read late", async () => {
  const child = run("wait");
  const { stdout, stderr } = child;
  assert.ok(stdout !== null && stderr !== null);
  const [said] = (await once(stderr, "data")) as [Buffer];
  assert.equal(said.toString(), "not blocked");
  let text = "";
  stdout.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  const [code] = (await once(child, "close")) as [number];
  assert.equal(code, 0);
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.length, 100);
  for (const line of lines) assert.equal((JSON.parse(line) as { v: number }).v, 1);
});

test("a pipe that nobody reads neither stops the process nor keeps it from ending", async () => {
  const child = run();
  const { stderr } = child;
  assert.ok(stderr !== null);
  const [said] = (await once(stderr, "data")) as [Buffer];
  assert.equal(said.toString(), "not blocked");
  const [code] = (await once(child, "exit")) as [number];
  assert.equal(code, 0);
  child.stdout?.destroy();
});
