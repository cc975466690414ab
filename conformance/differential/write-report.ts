/** Writes docs/reference/stricter-than-peers.md: `node --conditions=@countersign/source conformance/differential/write-report.ts` */

import { writeFileSync } from "node:fs";
import { compareCorpus } from "./compare.ts";
import { PAGE_FILE } from "./page-file.ts";
import { writePage } from "./write-page.ts";

writeFileSync(PAGE_FILE, writePage(await compareCorpus()));
console.log(`wrote ${PAGE_FILE}`);
