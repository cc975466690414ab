/** A unary call over the runtime's own HTTP/2, with a fixed answer: what any gRPC server on it must cost. */

import { createServer, type ServerHttp2Stream } from "node:http2";
import { HOST, readParameters } from "./parameters.ts";

const ANSWER = Buffer.alloc(265);
ANSWER.writeUInt32BE(260, 1);

const server = createServer();
server.on("stream", (stream: ServerHttp2Stream) => {
  // What is asked is read whole, as every server must.
  stream.on("data", () => {});
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(ANSWER);
  });
  stream.on("error", () => {});
});
server.listen(readParameters().port, HOST);
