/** Entry for Node, Bun and Deno: runs the suite in this process and prints the report as one line of JSON. */

import * as library from "countersign";
import { runCases } from "./run-cases.ts";

console.log(JSON.stringify(await runCases(library)));
