/** The operational log: what operators read. Never a token, a claim or a header of a request. */

import { pino } from "pino";

/** The part of a pino logger that the server uses. */
export interface OperationalLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** pino, because its JSON lines are what operators' tools already read. Writes to standard error. */
export function createOperationalLog(): OperationalLog {
  return pino(
    { name: "countersign", base: {}, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination(2),
  );
}
