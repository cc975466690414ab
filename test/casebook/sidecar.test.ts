import { createDecisionFront, DECISION_MODELS } from "../../conformance/casebook/decision-models.ts";
import { createGatewayFront } from "../../conformance/casebook/gateway-front.ts";
import { describeCasebook } from "./describe-casebook.ts";

describeCasebook({
  name: "the built-in proxy",
  skip: false,
  open: async ({ proxy, echo }) => ({
    front: createGatewayFront({ target: `http://${proxy}`, echo: echo.url }),
    close: async () => {},
  }),
});

for (const model of DECISION_MODELS) {
  describeCasebook({
    name: `the ${model.name} endpoint, as the least careful gateway asks it`,
    skip: false,
    open: async ({ decision }) => ({ front: createDecisionFront(model, decision), close: async () => {} }),
  });
}
