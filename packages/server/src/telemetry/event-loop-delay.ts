import { monitorEventLoopDelay } from "node:perf_hooks";

/** Watches how late the event loop is. */
export interface EventLoopDelay {
  /** Median delay of the last second in milliseconds; 0 before the first second has passed. */
  current(): number;
  stop(): void;
}

/** Of the last second, in milliseconds. */
export interface EventLoopLoad {
  /** The median. */
  readonly eventLoopDelayMs: number;
  /** What one in a hundred exceeded. */
  readonly eventLoopLagP99Ms: number;
}

const RESOLUTION_MS = 20;
const WINDOW_MS = 1000;

/** Starts watching. The median, because one long collection of garbage is no overload. */
export function watchEventLoopDelay(onWindow: (load: EventLoopLoad) => void): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let current = 0;
  const timer = setInterval(() => {
    current = readDelay(histogram, 50);
    const eventLoopLagP99Ms = readDelay(histogram, 99);
    histogram.reset();
    onWindow({ eventLoopDelayMs: current, eventLoopLagP99Ms });
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

/** The timer's own interval is part of what it measures. */
function readDelay(histogram: ReturnType<typeof monitorEventLoopDelay>, percentile: number): number {
  return histogram.count === 0 ? 0 : Math.max(0, histogram.percentile(percentile) / 1e6 - RESOLUTION_MS);
}
