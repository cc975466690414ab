import { monitorEventLoopDelay } from "node:perf_hooks";

/** Watches how late the event loop is. */
export interface EventLoopDelay {
  /** Median delay of the last second in milliseconds; 0 before the first second has passed. */
  current(): number;
  stop(): void;
}

const RESOLUTION_MS = 20;
const WINDOW_MS = 1000;

/** Starts watching. The median, because one long collection of garbage is no overload. */
export function watchEventLoopDelay(onWindow: (delayMs: number) => void): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let current = 0;
  const timer = setInterval(() => {
    // The timer's own interval is part of what it measures.
    current = histogram.count === 0 ? 0 : Math.max(0, histogram.percentile(50) / 1e6 - RESOLUTION_MS);
    histogram.reset();
    onWindow(current);
  }, WINDOW_MS);
  timer.unref();
  return {
    current: () => current,
    stop() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
