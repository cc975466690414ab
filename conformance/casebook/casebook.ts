import { AVAILABILITY_ENTRIES } from "./entries-availability.ts";
import { FORWARDED_ENTRIES } from "./entries-forwarded.ts";
import { IDENTITY_ENTRIES } from "./entries-identity.ts";
import { OTHER_ENTRIES } from "./entries-other.ts";
import { PATH_ENTRIES } from "./entries-paths.ts";
import { TOKEN_ENTRIES } from "./entries-tokens.ts";
import type { CasebookEntry } from "./entry.ts";

/** All entries, by number. A number is never given to another entry. */
export const CASEBOOK: readonly CasebookEntry[] = Object.freeze([
  ...PATH_ENTRIES,
  ...FORWARDED_ENTRIES,
  ...IDENTITY_ENTRIES,
  ...TOKEN_ENTRIES,
  ...AVAILABILITY_ENTRIES,
  ...OTHER_ENTRIES,
]);

/** How tests and the page name an entry: "5b-07". */
export function nameEntry({ number }: CasebookEntry): string {
  return `5b-${String(number).padStart(2, "0")}`;
}
