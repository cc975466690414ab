/** Where issuers get indices for their tokens, and anybody the lists. */

import * as z from "zod";

import { ApiError, type ApiRoute, answerJson, defineRoute, type Headers } from "../admin/api/api-route.ts";
import type { Answer } from "../decision/http-answer.ts";
import {
  MAX_ALLOCATED,
  StatusIndexesFullError,
  type StatusIndexStore,
} from "../stores/status-index-store.ts";
import { FeedLostError, type ListPublisher, type PublishedList } from "./list-publisher.ts";

export interface StatusListRoutesSetup {
  /** By the issuer's alias. */
  readonly publishers: ReadonlyMap<string, ListPublisher>;
  /** The exact `iss` of an alias. */
  findIssuer(alias: string): string;
  readonly store: StatusIndexStore;
  readonly clock: () => number;
}

const MEDIA_TYPE = "application/statuslist+jwt";
/** Of a token with an index. */
const MAX_LIFETIME_SECONDS = 400 * 86_400;

const name = z.string().min(1).max(1024);
const seconds = z.int().min(0).max(8_640_000_000_000);

const allocationForm = z.strictObject({
  tokens: z
    .array(
      z.strictObject({
        jti: name,
        exp: seconds.describe("As in the token."),
        iat: seconds
          .exactOptional()
          .describe("What the token will have; needed where subjects and others are revoked."),
        sub: name.exactOptional(),
        sid: name.exactOptional(),
        client_id: name.exactOptional(),
        kid: name.exactOptional().describe("Of the key that will sign the token."),
      }),
    )
    .min(1)
    .max(MAX_ALLOCATED),
});

const allocationAnswer = z.object({
  tokens: z.array(
    z.object({
      jti: z.string(),
      status: z
        .object({ status_list: z.object({ idx: z.int(), uri: z.string() }) })
        .describe("The claim `status` of the token."),
    }),
  ),
});

export function listStatusListRoutes(setup: StatusListRoutesSetup): readonly ApiRoute[] {
  return [createAllocationRoute(setup), createListRoute(setup), createAggregationRoute(setup)];
}

function createAllocationRoute(setup: StatusListRoutesSetup): ApiRoute {
  const { store, clock } = setup;
  return defineRoute({
    method: "POST",
    path: "/status-lists/{issuer}/indices",
    operationId: "allocateStatusIndices",
    summary:
      "Gives tokens that are about to be issued their places in status lists; a jti keeps the one that it has.",
    access: "operator",
    body: { type: "application/json", schema: allocationForm },
    answers: {
      200: { description: "The claim of each token. Durable as the store is.", schema: allocationAnswer },
      404: { description: "No lists of this issuer are published." },
      422: { description: "A token that has expired, or lives too long." },
      507: { description: "All lists are full until tokens expire." },
    },
    async handle({ parameters, body }) {
      const publisher = findPublisher(setup, parameters["issuer"]);
      const nowSeconds = clock() / 1000;
      if (body.tokens.some(({ exp }) => exp <= nowSeconds || exp > nowSeconds + MAX_LIFETIME_SECONDS)) {
        throw new ApiError(422, "claim_invalid", "expected an exp within the next 400 days");
      }
      const { issuer, capacity } = publisher.configuration;
      const tokens = body.tokens.map(({ exp, ...rest }) => ({ ...rest, expiresAtMs: exp * 1000 }));
      const places = await store
        .allocate({ issuer: setup.findIssuer(issuer), capacity, tokens })
        .catch(answerFull);
      publisher.noteAllocation();
      return answerJson(200, {
        tokens: places.map(({ list, index }, order) => ({
          jti: tokens[order]?.jti,
          status: { status_list: { idx: index, uri: publisher.nameList(list) } },
        })),
      });
    },
  });
}

/** @throws ApiError, or what it was given */
function answerFull(error: unknown): never {
  if (error instanceof StatusIndexesFullError) throw new ApiError(507, "lists_full", error.message);
  throw error;
}

function createListRoute(setup: StatusListRoutesSetup): ApiRoute {
  return defineRoute({
    method: "GET",
    path: "/status-lists/{issuer}/{number}",
    operationId: "readStatusList",
    summary: "Gives a status list, signed (OAuth Token Status List), as of the revocations of now.",
    access: "anybody",
    query: z.strictObject({ time: z.string().max(32).exactOptional() }),
    answers: {
      200: { description: "The list.", type: MEDIA_TYPE, schema: z.string() },
      304: { description: "It is the one of If-None-Match." },
      404: { description: "There is no such list, or all of its tokens have expired." },
      501: { description: "Lists of another time are not kept." },
      503: {
        description: "The feed of revocations or the store is away: what a list would say might be old.",
      },
    },
    async handle({ parameters, query, headers }) {
      const publisher = findPublisher(setup, parameters["issuer"]);
      if (query.time !== undefined) throw new ApiError(501, "not_supported", "there are lists of now only");
      const number = readNumber(parameters["number"]);
      const list = number === undefined ? undefined : await publisher.read(number).catch(answerLost);
      if (list === undefined) throw new ApiError(404, "not_found", "there is no such list");
      return answerList(list, headers);
    },
  });
}

/** @throws ApiError, or what it was given */
function answerLost(error: unknown): never {
  if (error instanceof FeedLostError) throw new ApiError(503, "revocation_unavailable", error.message);
  throw error;
}

function createAggregationRoute(setup: StatusListRoutesSetup): ApiRoute {
  return defineRoute({
    method: "GET",
    path: "/status-lists/{issuer}",
    operationId: "listStatusLists",
    summary: "Names all lists of an issuer that are in use (Status List Aggregation).",
    access: "anybody",
    answers: {
      200: { description: "Their addresses.", schema: z.object({ status_lists: z.array(z.string()) }) },
      404: { description: "No lists of this issuer are published." },
    },
    async handle({ parameters }) {
      const publisher = findPublisher(setup, parameters["issuer"]);
      const numbers = await publisher.listNumbers();
      return answerJson(200, { status_lists: numbers.map((number) => publisher.nameList(number)) });
    },
  });
}

/** @throws ApiError */
function findPublisher({ publishers }: StatusListRoutesSetup, alias = ""): ListPublisher {
  const publisher = publishers.get(alias);
  if (publisher !== undefined) return publisher;
  throw new ApiError(404, "not_found", "no status lists of this issuer are published");
}

function readNumber(text = ""): number | undefined {
  return /^[1-9]\d{0,11}$/.test(text) ? Number(text) : undefined;
}

function answerList({ text, etag, maxAgeSeconds }: PublishedList, headers: Headers): Answer {
  const known = (headers.get("if-none-match") ?? []).flatMap((value) => value.split(","));
  const isKnown = known.some((each) => each.trim().replace(/^W\//, "") === etag);
  return {
    status: isKnown ? 304 : 200,
    headers: [
      ...(isKnown ? [] : [["Content-Type", MEDIA_TYPE] as const]),
      ["Cache-Control", `public, max-age=${maxAgeSeconds}`],
      ["ETag", etag],
      // Wallets and single-page apps read lists too (section 8.1).
      ["Access-Control-Allow-Origin", "*"],
    ],
    body: isKnown ? "" : text,
  };
}
