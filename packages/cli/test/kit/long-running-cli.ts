import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { CLI_ARGUMENTS } from "./run-cli.ts";

export interface LongRunningCli {
  /** The next line of standard output that satisfies the test; every line is looked at once. */
  nextLine(matches: (line: string) => boolean): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Stops reading, as `| head` does. */
  closeOutput(): void;
  readonly closed: Promise<{ readonly code: number | null; readonly stderr: string }>;
  [Symbol.asyncDispose](): Promise<void>;
}

const KILL_AFTER_MS = 10_000;

/** Starts a command that runs until it is told to stop. */
export function startCli(args: readonly string[]): LongRunningCli {
  const child = spawn(process.execPath, [...CLI_ARGUMENTS, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const reader = createInterface({ input: child.stdout });
  const lines = reader[Symbol.asyncIterator]();
  const closed = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, stderr }));
  });
  return {
    async nextLine(matches) {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`the command ended: ${stderr}`);
        if (matches(value)) return value;
      }
    },
    signal: (name) => child.kill(name),
    closeOutput: () => child.stdout.destroy(),
    closed,
    async [Symbol.asyncDispose]() {
      // Gently, so that it removes its files; a command that ignores that must not hold up the tests.
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}
