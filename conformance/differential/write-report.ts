/** Writes docs/reference/stricter-than-peers.md: `npm run write-page -w conformance` */

import { writeFileSync } from "node:fs";
import { compareCorpus } from "./compare.ts";
import { PAGE_FILE } from "./page-file.ts";
import { writePage } from "./write-page.ts";

writeFileSync(PAGE_FILE, writePage(await compareCorpus()));
console.log(`wrote ${PAGE_FILE}`);
