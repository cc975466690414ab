/** Why a running command ends: a signal, or nobody reads its output anymore. */
export type StopCause = "SIGINT" | "SIGTERM" | "SIGHUP" | "output closed";

/** A watch that has begun; see `watchForStop`. */
export interface StopWatch {
  readonly stopped: Promise<StopCause>;
  /** Ends the watch: signals mean again what they mean to the system. */
  release(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// A terminal sends Ctrl-C to npm and to us, and npm passes it on: two signals for one key press.
const SAME_KEY_PRESS_MS = 500;

// 128 + SIGINT, as shells tell it.
const EXIT_INTERRUPTED = 130;

/** Catches the signals that ask for an end; without "SIGHUP" where it means something else. A second Ctrl-C, while everything is being stopped, ends the process at once. */
export function watchForStop(signals: readonly (typeof SIGNALS)[number][] = SIGNALS): StopWatch {
  let firstAt: number | undefined;
  let resolveStopped: (cause: StopCause) => void = () => undefined;
  const stopped = new Promise<StopCause>((resolve) => {
    resolveStopped = resolve;
  });
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      const now = performance.now();
      firstAt ??= now;
      if (now - firstAt > SAME_KEY_PRESS_MS) process.exit(EXIT_INTERRUPTED);
      resolveStopped(signal);
    };
    return { signal, listener };
  });
  const onOutputClosed = (): void => resolveStopped("output closed");
  for (const { signal, listener } of listeners) process.on(signal, listener);
  process.stdout.on("error", onOutputClosed);
  return {
    stopped,
    release() {
      for (const { signal, listener } of listeners) process.off(signal, listener);
      process.stdout.off("error", onOutputClosed);
    },
  };
}
