/** The bare HTTP server of the runtime, with a fixed answer. */

import { createServer } from "node:http";
import { HOST, readParameters } from "./parameters.ts";

const server = createServer((_request, response) => {
  response.setHeader("Content-Type", "text/plain");
  response.end("fixed");
});
server.keepAliveTimeout = 60_000;
server.listen(readParameters().port, HOST);
