/** Only the string that is judged: what every subject is handed, and not what it costs. */

import type { CreateJudge } from "../subject.ts";

export const create: CreateJudge = ({ expected }, tokens) => {
  return (index) => (tokens.read(index).length > 0 ? expected : !expected);
};
