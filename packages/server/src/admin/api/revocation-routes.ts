/** What operators do with revocations. */

import * as z from "zod";

import { nameIssuer } from "../../config/issuer-alias.ts";
import type { Answer } from "../../decision/http-answer.ts";
import { CANARY_ISSUER } from "../../revocation/canary.ts";
import type { Revocations } from "../../revocation/revocations.ts";
import { type ListedRevocation, MAX_APPENDED } from "../../stores/revocation-store.ts";
import { ApiError, type ApiRoute, answerJson, defineRoute } from "./api-route.ts";
import { createRevocation, type RevocationMakerSetup } from "./create-revocation.ts";
import {
  appendedAnswer,
  importAnswer,
  instancesAnswer,
  liftAnswer,
  liftQuery,
  listAnswer,
  listQuery,
  pageQuery,
  revocationRecord,
  revokeForm,
} from "./revocation-forms.ts";

export interface RevocationRoutesSetup extends RevocationMakerSetup {
  readonly revocations: Pick<Revocations, "store" | "maxStaleSeconds">;
}

const NDJSON = "application/x-ndjson";

export function listRevocationRoutes(setup: RevocationRoutesSetup): readonly ApiRoute[] {
  return [
    createRevokeRoute,
    createListRoute,
    createLiftRoute,
    createImportRoute,
    createExportRoute,
    createInstancesRoute,
  ].map((create) => create(setup));
}

function createRevokeRoute(setup: RevocationRoutesSetup): ApiRoute {
  const { store } = setup.revocations;
  return defineRoute({
    method: "POST",
    path: "/revocations",
    operationId: "revoke",
    summary: "Revokes or suspends a token, or all of a subject, session, client, issuer or key.",
    access: "operator",
    body: { type: "application/json", schema: revokeForm },
    answers: {
      200: { description: "It was revoked before under this id.", schema: appendedAnswer },
      201: { description: "It is revoked, and durable as the store is.", schema: appendedAnswer },
      409: { description: "The id stands for something else, or the target has too many." },
      422: { description: "The token or target cannot be revoked." },
    },
    async handle({ body, actor }) {
      const revocation = await createRevocation(body, { actor, setup });
      const [result] = await store.append([revocation]);
      if (result === undefined) throw new TypeError("a store gave no result");
      return answerJson(result.outcome === "added" ? 201 : 200, {
        ...result,
        expiresAtMs: revocation.expiresAtMs,
      });
    },
  });
}

function createListRoute(setup: RevocationRoutesSetup): ApiRoute {
  const { store } = setup.revocations;
  return defineRoute({
    method: "GET",
    path: "/revocations",
    operationId: "listRevocations",
    summary: "Lists revocations, newest first, with those that were lifted or expired of late.",
    access: "operator",
    query: listQuery,
    answers: { 200: { description: "A page.", schema: listAnswer } },
    async handle({ query: { limit, before, ...filter } }) {
      const resolved =
        filter.issuer === undefined ? filter : { ...filter, issuer: resolveIssuer(filter.issuer, setup) };
      const page = await store.list({ filter: resolved, limit, ...(before !== undefined && { before }) });
      return answerJson(200, { entries: page.entries.filter(isOperators), next: page.next ?? null });
    },
  });
}

function createLiftRoute(setup: RevocationRoutesSetup): ApiRoute {
  const { store } = setup.revocations;
  return defineRoute({
    method: "DELETE",
    path: "/revocations/{id}",
    operationId: "liftRevocation",
    summary: "Takes one revocation back; others of the same target stay in force.",
    access: "operator",
    query: liftQuery,
    answers: {
      200: { description: "It is lifted.", schema: liftAnswer },
      404: { description: "There is none of this id, or it expired." },
    },
    async handle({ parameters, query, actor }) {
      const liftedAtMs = Math.floor(setup.clock());
      const result = await store.lift({
        id: parameters["id"] ?? "",
        actor,
        reason: query.reason,
        liftedAtMs,
      });
      if (result.outcome === "unknown")
        throw new ApiError(404, "not_found", "there is no revocation of this id, or it expired");
      return answerJson(200, result);
    },
  });
}

function createImportRoute(setup: RevocationRoutesSetup): ApiRoute {
  const { store } = setup.revocations;
  return defineRoute({
    method: "POST",
    path: "/revocations/import",
    operationId: "importRevocations",
    summary: `Takes at most ${MAX_APPENDED} revocations as they were exported, all or none.`,
    access: "operator",
    body: { type: NDJSON, schema: z.array(revocationRecord).min(1).max(MAX_APPENDED) },
    answers: {
      200: { description: "All of them are durable.", schema: importAnswer },
      409: { description: "An id stands for something else, or a target has too many. None was taken." },
    },
    async handle({ body }) {
      const results = await store.append(body);
      const added = results.filter(({ outcome }) => outcome === "added").length;
      const position = Math.max(...results.map((result) => result.position));
      return answerJson(200, { added, known: results.length - added, position });
    },
  });
}

function createExportRoute(setup: RevocationRoutesSetup): ApiRoute {
  const { store } = setup.revocations;
  return defineRoute({
    method: "GET",
    path: "/revocations/export",
    operationId: "exportRevocations",
    summary: "Gives the revocations in force, one a line; the header Link leads to the next page.",
    access: "operator",
    query: pageQuery,
    answers: { 200: { description: "A page.", type: NDJSON, schema: z.string() } },
    async handle({ query: { limit, before } }) {
      const page = await store.list({ filter: {}, limit, ...(before !== undefined && { before }) });
      const inForce = page.entries.filter((entry) => isOperators(entry) && isInForce(entry, setup.clock()));
      return answerLines(
        inForce.map(({ revocation }) => revocation),
        { limit, next: page.next },
      );
    },
  });
}

function createInstancesRoute(setup: RevocationRoutesSetup): ApiRoute {
  const { store, maxStaleSeconds } = setup.revocations;
  return defineRoute({
    method: "GET",
    path: "/instances",
    operationId: "listInstances",
    summary: "Lists the instances that follow the store, and how far each of them is.",
    access: "operator",
    answers: { 200: { description: "All of them.", schema: instancesAnswer } },
    async handle() {
      const [known, { head }] = await Promise.all([
        store.listInstances(),
        store.read({ after: Number.MAX_SAFE_INTEGER, limit: 1 }),
      ]);
      const instances = known
        .map(({ silentMs, ageSeconds = null, ...rest }) => ({
          ...rest,
          ageSeconds,
          state: silentMs <= maxStaleSeconds * 1000 ? "live" : "silent",
          silentSeconds: silentMs / 1000,
        }))
        .toSorted((left, right) => (left.id < right.id ? -1 : 1));
      return answerJson(200, { instances, head: head.position });
    },
  });
}

function isInForce({ isLifted, revocation }: ListedRevocation, nowMs: number): boolean {
  return !isLifted && revocation.expiresAtMs > nowMs;
}

/** An alias stands for its issuer. */
function resolveIssuer(issuer: string, { issuers }: RevocationRoutesSetup): string {
  return issuers().find((known) => nameIssuer(known) === issuer)?.issuer ?? issuer;
}

function isOperators({ revocation }: ListedRevocation): boolean {
  return revocation.target.issuer !== CANARY_ISSUER;
}

function answerLines(
  lines: readonly unknown[],
  { limit, next }: { readonly limit: number; readonly next: number | undefined },
): Answer {
  return {
    status: 200,
    headers: [
      ["Content-Type", NDJSON],
      ["Cache-Control", "no-store"],
      ...(next === undefined
        ? []
        : [["Link", `</api/v1/revocations/export?limit=${limit}&before=${next}>; rel="next"`] as const]),
    ],
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  };
}
