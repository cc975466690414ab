import type { Fetch, FetchInit } from "../../src/ports.ts";

/** A `fetch` without a network: answers from a table, and remembers what it was asked. */
export interface DocumentSource {
  readonly fetch: Fetch;
  /** From the URL to its next answers; the last one is given again and again. Absent ones are status 404. */
  readonly answers: Map<string, Answer | readonly Answer[]>;
  readonly requests: { readonly url: string; readonly init: FetchInit }[];
  /** Requests of one URL. */
  count(url: string): number;
  /** `If-None-Match` of the last request. */
  lastEtag(): string | undefined;
}

export type Answer = () => Response | Promise<Response>;

export function createDocumentSource(): DocumentSource {
  const requests: DocumentSource["requests"] = [];
  const answers: DocumentSource["answers"] = new Map();
  const count = (url: string): number => requests.filter((request) => request.url === url).length;
  return {
    answers,
    requests,
    count,
    lastEtag: () => requests.at(-1)?.init.headers["if-none-match"],
    fetch: async (url, init) => {
      const listed = answers.get(url) ?? [];
      const list = typeof listed === "function" ? [listed] : listed;
      const answer = list[Math.min(count(url), list.length - 1)];
      requests.push({ url, init });
      return answer?.() ?? new Response("", { status: 404 });
    },
  };
}

/** An answer that never comes. */
export function hang(): Promise<Response> {
  return new Promise(() => undefined);
}

/** A response with members that no constructor gives, such as status 0 or a body beside status 304. */
export function disguise(response: Response, members: Partial<Response>): Response {
  const properties = Object.entries(members).map(([name, value]) => [name, { value }]);
  return Object.defineProperties(response, Object.fromEntries(properties));
}
