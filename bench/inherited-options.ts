/** What this process' own Node was told that children must be told too: how sources are found, and no test runner. */
export const INHERITED_OPTIONS: readonly string[] = process.execArgv.filter((option) =>
  /^--(?:conditions|disable-warning)=/.test(option),
);
