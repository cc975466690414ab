import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ApiError, type ApiRoute } from "../../src/admin/api/api-route.ts";
import { FeedLostError, type ListPublisher } from "../../src/status-lists/list-publisher.ts";
import { listStatusListRoutes } from "../../src/status-lists/status-list-routes.ts";
import { MemoryStatusIndexStore } from "../../src/stores/memory-status-index-store.ts";
import { StatusIndexesFullError, type StatusIndexStore } from "../../src/stores/status-index-store.ts";

const NOW_SECONDS = 1_700_000_000;

function open(
  options: { readonly read?: ListPublisher["read"]; readonly allocate?: StatusIndexStore["allocate"] } = {},
): (operationId: string, call: { readonly number?: string; readonly body?: unknown }) => Promise<unknown> {
  const clock = (): number => NOW_SECONDS * 1000;
  const memory = new MemoryStatusIndexStore({ clock });
  const store: StatusIndexStore = {
    allocate: options.allocate ?? ((request) => memory.allocate(request)),
    listLists: (issuer) => memory.listLists(issuer),
    readPages: (issuer, list) => memory.readPages(issuer, list),
    close: () => memory.close(),
  };
  const publisher = {
    configuration: { issuer: "main", capacity: 64 },
    nameList: (number: number) => `https://status.test/${number}`,
    noteAllocation: () => undefined,
    read: options.read ?? (async () => undefined),
  } as unknown as ListPublisher;
  const publishers = new Map([["main", publisher]]);
  const routes = listStatusListRoutes({ publishers, findIssuer: () => "https://id.test", store, clock });
  return async (operationId, { number = "1", body = {} }) => {
    const route = routes.find((each): each is ApiRoute => each.operationId === operationId);
    const parameters = { issuer: "main", number };
    return route?.handle({ parameters, query: {}, body, headers: new Map(), actor: "operator" });
  };
}

const isError =
  (status: number, code: string) =>
  (error: unknown): boolean =>
    error instanceof ApiError && error.status === status && error.code === code;

describe("the routes of status lists", () => {
  it("say that the feed is lost", async () => {
    const ask = open({ read: () => Promise.reject(new FeedLostError("lost")) });
    await assert.rejects(ask("readStatusList", {}), isError(503, "revocation_unavailable"));
    const failing = open({ read: () => Promise.reject(new TypeError("a defect")) });
    await assert.rejects(failing("readStatusList", {}), TypeError);
  });

  it("say that all lists are full", async () => {
    const body = { tokens: [{ jti: "a", exp: NOW_SECONDS + 1 }] };
    const full = open({ allocate: () => Promise.reject(new StatusIndexesFullError("full")) });
    await assert.rejects(full("allocateStatusIndices", { body }), isError(507, "lists_full"));
    const failing = open({ allocate: () => Promise.reject(new TypeError("a defect")) });
    await assert.rejects(failing("allocateStatusIndices", { body }), TypeError);
  });

  it("have places for tokens that live, and not too long", async () => {
    const ask = open();
    const longest = NOW_SECONDS + 400 * 86_400;
    for (const exp of [NOW_SECONDS + 1, longest]) {
      assert.ok(await ask("allocateStatusIndices", { body: { tokens: [{ jti: `${exp}`, exp }] } }));
    }
    for (const exp of [NOW_SECONDS, longest + 1]) {
      const tokens = [
        { jti: "good", exp: NOW_SECONDS + 1 },
        { jti: "bad", exp },
      ];
      await assert.rejects(
        ask("allocateStatusIndices", { body: { tokens } }),
        isError(422, "claim_invalid"),
        `${exp}`,
      );
    }
  });
});
