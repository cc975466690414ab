/** Entry inside workerd: answers any request with the report. Bundled by `in-workerd.ts`. */

import * as library from "countersign";
import { runCases } from "./run-cases.ts";

// biome-ignore lint/style/noDefaultExport: workerd takes its handlers from the default export
export default {
  async fetch(): Promise<Response> {
    return Response.json(await runCases(library));
  },
};
