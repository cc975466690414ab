/** A process that answers Envoy's checks: `countersign`, or `floor`, the same library with an answer that is fixed. */

import { parseConfiguration, startServer } from "@countersign/server";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { serveMetered } from "./server-process.ts";
import { AUDIENCE, ISSUER } from "./tokens.ts";

const [subject, jwk = ""] = process.argv.slice(2);
serveMetered(subject === "floor" ? await serveFixed() : await serveSidecar(jwk));

async function serveSidecar(publicKey: string): Promise<string> {
  const text = `
listeners: { decision: "off", extAuthz: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers:
  - issuer: ${ISSUER}
    audiences: [${AUDIENCE}]
    algorithms: [ES256]
    keys: { jwks: { keys: [${publicKey}] } }
routes:
  - { path: /orders/**, allow: authenticated }
  - { path: /public/**, allow: anonymous }
`;
  const logger = { info() {}, warn() {}, error() {} };
  const server = await startServer(parseConfiguration(text, { env: {}, baseDir: "." }), { logger });
  return server.addresses.extAuthz ?? "";
}

function serveFixed(): Promise<string> {
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
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(`127.0.0.1:${port}`);
      else reject(error);
    });
  });
}
