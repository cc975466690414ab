/** Exit codes of every command; part of the public contract. 70 marks a defect (EX_SOFTWARE of sysexits). */
export const EXIT = {
  /** Accepted, nothing found, or stopped as asked. */
  ok: 0,
  /** A negative answer: a token was rejected, a lint or a probe found something wrong. */
  negative: 1,
  /** The command line, a file or the configuration cannot be used. */
  usage: 2,
  /** The answer could not be had: keys, network or another dependency failed. */
  unavailable: 3,
  defect: 70,
} as const;

/** One of the codes of `EXIT`. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
