/** fastify, with and without @fastify/jwt, set up as its documentation shows. */

import fastifyJwt from "@fastify/jwt";
import { fastify } from "fastify";
import { AUDIENCE, ISSUER, nameForPeers } from "../../tokens/key-material.ts";
import { HOST, readParameters } from "./parameters.ts";

const { port, key, judges, cacheEntries } = readParameters();
const server = fastify({ keepAliveTimeout: 60_000 });
if (judges) {
  await server.register(fastifyJwt, {
    secret: { public: key.pem },
    verify: {
      algorithms: [nameForPeers(key.algorithm)],
      allowedIss: ISSUER,
      allowedAud: AUDIENCE,
      requiredClaims: ["exp"],
      cache: cacheEntries === 0 ? false : cacheEntries,
    },
  });
  server.addHook("onRequest", async (request) => {
    await request.jwtVerify();
  });
}
server.get("/*", async (_request, reply) => reply.type("text/plain").send("fixed"));
await server.listen({ port, host: HOST });
