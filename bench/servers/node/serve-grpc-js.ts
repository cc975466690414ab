/** The field's own gRPC library for JavaScript, with a fixed answer and no protobuf. */

import { Server, ServerCredentials } from "@grpc/grpc-js";
import { HOST, readParameters } from "./parameters.ts";

const server = new Server({ "grpc.enable_channelz": 0 });
const keep = (message: Buffer): Buffer => message;
const answer = Buffer.alloc(260);
const codec = {
  requestSerialize: keep,
  requestDeserialize: keep,
  responseSerialize: keep,
  responseDeserialize: keep,
};
const path = "/envoy.service.auth.v3.Authorization/Check";
server.addService(
  { Check: { path, requestStream: false, responseStream: false, ...codec } },
  { Check: (_call: unknown, reply: (error: null, message: Buffer) => void) => reply(null, answer) },
);
server.bindAsync(`${HOST}:${readParameters().port}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
