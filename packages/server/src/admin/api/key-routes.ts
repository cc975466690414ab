/** What controllers of a key rotation ask: which keys this instance holds, and whether a token would pass. */

import type { IssuerOptions } from "countersign";

import { nameIssuer } from "../../config/issuer-alias.ts";
import type { Revocations } from "../../revocation/revocations.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { KeyHolders } from "../held-keys.ts";
import { type ApiRoute, answerJson, defineRoute } from "./api-route.ts";
import { describeIssuerKeys } from "./describe-keys.ts";
import { canaryAnswer, canaryForm, keysAnswer, keysQuery } from "./key-forms.ts";

export interface KeyRoutesSetup {
  /** Of the configuration in force. */
  issuers(): readonly IssuerOptions[];
  holders(): KeyHolders;
  readonly metrics: Pick<Metrics, "keySightings">;
  readonly revocations: Pick<Revocations, "instanceId" | "followed">;
  readonly clock: () => number;
}

export function listKeyRoutes(setup: KeyRoutesSetup): readonly ApiRoute[] {
  return [createKeysRoute(setup), createCanaryRoute(setup)];
}

function createKeysRoute(setup: KeyRoutesSetup): ApiRoute {
  const { revocations, metrics, clock } = setup;
  return defineRoute({
    method: "GET",
    path: "/keys",
    operationId: "listKeys",
    summary: "Tells the keys that this instance judges with, and when each last verified a token.",
    access: "operator",
    query: keysQuery,
    answers: { 200: { description: "The issuers and their keys.", schema: keysAnswer } },
    async handle({ query: { issuer: wanted } }) {
      const held = await setup.holders().readKeys();
      const nowMs = Math.floor(clock());
      const { list } = revocations.followed;
      const issuers = setup
        .issuers()
        .filter((each) => wanted === undefined || [each.issuer, nameIssuer(each)].includes(wanted))
        .map((each) => describeIssuerKeys(each, { held, sightings: metrics.keySightings, list, nowMs }));
      const { processes } = held;
      return answerJson(200, {
        instance: revocations.instanceId,
        clockMs: nowMs,
        processes,
        issuers,
      });
    },
  });
}

function createCanaryRoute(setup: KeyRoutesSetup): ApiRoute {
  return defineRoute({
    method: "POST",
    path: "/verify-canary",
    operationId: "verifyCanary",
    summary:
      "Says of each process whether it would accept a token. Nothing is used up, and no route is asked.",
    access: "operator",
    body: { type: "application/json", schema: canaryForm },
    answers: { 200: { description: "What each process says.", schema: canaryAnswer } },
    async handle({ body }) {
      const { processes, verdicts } = await setup.holders().judgeCanary(body.token);
      const { instanceId: instance } = setup.revocations;
      return answerJson(200, { instance, clockMs: Math.floor(setup.clock()), processes, verdicts });
    },
  });
}
