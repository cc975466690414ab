/** The API as a table: what answers, its documentation and its checks come from the same rows. */

import type * as z from "zod";

import type { Answer } from "../../decision/http-answer.ts";

/** Who may ask: an operator, a client that shows its own secret, or anybody. */
export type ApiAccess = "operator" | "client" | "anybody";

export interface ApiCall<Query = unknown, Body = unknown> {
  /** By the names in the path, percent-decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Headers;
  /** Who asks, for the record. */
  readonly actor: string;
}

export interface ApiAnswer {
  readonly description: string;
  /** Default none; problem details for statuses from 400 on. */
  readonly schema?: z.ZodType;
  /** Default application/json. */
  readonly type?: string;
}

export interface ApiRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below "/api/v1"; "{name}" is one segment. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly access: ApiAccess;
  /** Of the query's members, each a text. Default there is none. */
  readonly query?: z.ZodType;
  /** Default there is none. */
  readonly body?: { readonly type: ApiBodyType; readonly schema: z.ZodType };
  readonly answers: Readonly<Record<number, ApiAnswer>>;
  /** What it throws is answered by what it is: see `answer-failure.ts`. */
  handle(call: ApiCall): Promise<Answer> | Answer;
}

/** By lower-case name. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** Of "application/secevent+jwt" the body is the text. */
export type ApiBodyType =
  | "application/json"
  | "application/x-ndjson"
  | "application/x-www-form-urlencoded"
  | "application/secevent+jwt";

/** What is wrong with a question. Shown to who asks, so it quotes nothing of it. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Types the handler by its schemas. */
export function defineRoute<Query, Body>(
  route: Omit<ApiRoute, "query" | "body" | "handle"> & {
    readonly query?: z.ZodType<Query>;
    readonly body?: { readonly type: ApiBodyType; readonly schema: z.ZodType<Body> };
    handle(call: ApiCall<Query, Body>): Promise<Answer> | Answer;
  },
): ApiRoute {
  return route;
}

export function answerJson(status: number, value: unknown): Answer {
  return {
    status,
    headers: [
      ["Content-Type", "application/json"],
      ["Cache-Control", "no-store"],
    ],
    body: JSON.stringify(value),
  };
}
