import assert from "node:assert/strict";
import { Readable, Writable } from "node:stream";
import { test } from "node:test";
import { runProgram } from "../src/program.ts";
import { createTestFolder, describeTestIssuer } from "./kit/test-tokens.ts";

// One flush, and what one more line can add to it.
const MAX_WAITING = 65_536 + 4096;

test("verify --lines waits for a slow reader instead of piling up answers", async () => {
  await using folder = await createTestFolder();
  let [waiting, lines] = [0, 0];
  const stdout = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      waiting = Math.max(waiting, stdout.writableLength);
      lines += text.split("\n").length - 1;
      setImmediate(done);
    },
  });
  // Each byte of blank lines becomes an answer of more than two hundred.
  const blank = Buffer.alloc(16_384, "\n");
  const stdin = Readable.from([blank, blank, blank, blank], { objectMode: true });
  const plain = (_style: unknown, text: string): string => text;
  const terminal = { stdin, stdout, stderr: stdout, paint: plain, paintError: plain, columns: 80 };
  const code = await runProgram(["verify", ...(await describeTestIssuer(folder)), "--lines"], terminal);
  assert.ok(waiting <= MAX_WAITING, `${waiting} characters were waiting`);
  assert.equal(code, 1);
  assert.equal(lines, 4 * 16_384);
});
