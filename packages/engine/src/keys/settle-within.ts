/** Waits for work, but not for ever: whoever waits holds the clock, not the work. */

/** The work's value, or "time_up" after `timeoutMs`. The work goes on; a rejection of it after that is ignored. */
export async function settleWithin<T>(work: Promise<T>, timeoutMs: number): Promise<T | "time_up"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeUp = new Promise<"time_up">((resolve) => {
    timer = setTimeout(resolve, timeoutMs, "time_up");
  });
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
