/** Waits for work, but not for ever: whoever waits holds the clock, not the work. */

/** The work's value, or undefined after `timeoutMs`. The work goes on; a rejection of it after that is ignored. */
export async function settleWithin<T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  return Promise.race([work, timeUp]).finally(() => clearTimeout(timer));
}
