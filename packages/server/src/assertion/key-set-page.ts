/** The keys of assertions at a well-known path, to everyone: they are public by purpose. */

import { type Answer, describeProblem } from "../decision/http-answer.ts";
import type { AssertionHost, PublishedKeySet } from "./assertion-keys.ts";

const KEY_SET_PATH = "/.well-known/jwks.json";

/** The key set where a request asks for it; undefined for every other request. Never rejects. */
export type FindKeySet = (asked: {
  readonly method: string;
  readonly target: string;
}) => Promise<Answer> | undefined;

const UNAVAILABLE: Answer = describeProblem({
  status: 503,
  title: "Service Unavailable",
  detail: "The keys cannot be read at the moment",
  code: "keys_unavailable",
});

/** Answers GET and HEAD of exactly that path. No assertions: no such page. */
export function createKeySetPage(host: Pick<AssertionHost, "readKeySet"> | undefined): FindKeySet {
  if (host === undefined) return () => undefined;
  return ({ method, target }) => {
    if (target !== KEY_SET_PATH || (method !== "GET" && method !== "HEAD")) return undefined;
    return host.readKeySet().then(answerKeySet, () => UNAVAILABLE);
  };
}

function answerKeySet({ body, maxAgeSeconds }: PublishedKeySet): Answer {
  const headers = [
    ["Content-Type", "application/jwk-set+json"],
    ["Cache-Control", `public, max-age=${maxAgeSeconds}`],
    ["X-Content-Type-Options", "nosniff"],
  ] as const;
  return { status: 200, headers, body };
}
