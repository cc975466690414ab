import { Readable, Writable } from "node:stream";
import { runProgram } from "../../src/program.ts";
import type { CliOptions, CliResult } from "./run-cli.ts";

/** As `runCli` without the cost of a process: for tables of cases. What a process adds is shown by the others. */
export async function runInProcess(
  args: readonly string[],
  { input = "" }: Pick<CliOptions, "input"> = {},
): Promise<CliResult> {
  const [stdout, stderr] = [new TextSink(), new TextSink()];
  const code = await runProgram(args, {
    stdin: Readable.from([Buffer.from(input)], { objectMode: false }),
    stdout,
    stderr,
    paint: (_style, text) => text,
    paintError: (_style, text) => text,
    columns: 80,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class TextSink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}
