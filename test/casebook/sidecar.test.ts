/** The casebook at the sidecar's own doors. */

import { createDecisionFront, DECISION_MODELS } from "../../conformance/casebook/decision-models.ts";
import { createGatewayFront } from "../../conformance/casebook/gateway-front.ts";
import { createCaller } from "../../packages/server/test/kit/grpc-client.ts";
import { describeCasebook } from "./describe-casebook.ts";
import { createGrpcFront } from "./grpc-front.ts";

const LENIENT =
  "paths: { encodedSlash: decode, backslash: slash, dotSegments: remove, doubleSlash: merge, semicolon: strip }";

for (const [name, settings] of [
  ["the built-in proxy", ""],
  ["the built-in proxy, which reads paths as a lenient application does", LENIENT],
] as const) {
  describeCasebook({
    name,
    skip: false,
    settings,
    open: async ({ proxy, echo }) => ({
      front: createGatewayFront({ target: `http://${proxy}`, echo: echo.url }),
      close: async () => {},
    }),
  });
}

for (const model of DECISION_MODELS) {
  describeCasebook({
    name: `the ${model.name} endpoint, as the least careful gateway asks it`,
    skip: false,
    open: async ({ decision }) => ({ front: createDecisionFront(model, decision), close: async () => {} }),
  });
}

for (const form of ["mapped", "raw"] as const) {
  describeCasebook({
    name: `the gRPC endpoint, with ${form} headers`,
    skip: false,
    async open({ extAuthz }) {
      const caller = createCaller(extAuthz);
      return { front: createGrpcFront(caller, form), close: async () => caller.close() };
    },
  });
}
