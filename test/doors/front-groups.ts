import { ACCEPTED_CASES } from "./accepted-cases.ts";
import type { FrontGroup } from "./front-case.ts";
import { DESCRIPTION_CASES, FRAMING_CASES, IDENTITY_CASES, PATH_CASES } from "./hostile-cases.ts";
import { REFUSED_CASES } from "./refused-cases.ts";

/** The rows of `docs/reference/front-doors.md`, in its order. */
export const FRONT_GROUPS: readonly FrontGroup[] = [
  { title: "What passes", cases: ACCEPTED_CASES },
  { title: "What is refused, reason by reason", cases: REFUSED_CASES },
  { title: "Spellings of a guarded path, without a token", cases: PATH_CASES },
  { title: "Headers that describe another request, without a token", cases: DESCRIPTION_CASES },
  { title: "Identity that a client writes itself, beside a good token", cases: IDENTITY_CASES },
  { title: "Framing, sizes, methods", cases: FRAMING_CASES },
];
