/** Express, with and without express-oauth2-jwt-bearer, set up as its documentation shows. */

import express from "express";
import { auth } from "express-oauth2-jwt-bearer";
import { AUDIENCE, ISSUER, nameForPeers } from "../../tokens/key-material.ts";
import { HOST, readParameters } from "./parameters.ts";

const { port, key, jwksUrl, judges } = readParameters();
const application = express();
if (judges) {
  application.use(
    auth({
      issuer: ISSUER,
      jwksUri: jwksUrl,
      audience: AUDIENCE,
      tokenSigningAlg: nameForPeers(key.algorithm),
    }),
  );
}
application.use((_request, response) => {
  response.type("text/plain").send("fixed");
});
const server = application.listen(port, HOST);
server.keepAliveTimeout = 60_000;
