/** What a server is asked, and what came of it. */

/** What is asked, again and again. */
export interface LoadRequest {
  readonly path: string;
  /** Sent with every request, beside the token. */
  readonly headers: Readonly<Record<string, string>>;
  /** File of tokens, one a line, sent in turn as bearer tokens; undefined for requests without one. */
  readonly tokenFile: string | undefined;
  /** What every answer must be; another ends the run. */
  readonly status: number;
  /** Default `CONNECTIONS`. */
  readonly connections?: number;
}

export interface LoadPlan extends LoadRequest {
  /** "host:port". */
  readonly address: string;
  readonly durationMs: number;
  /** Requests of earlier turns: the tokens go on from there. */
  readonly skip: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly wallMicros: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** Answers with another status. */
  readonly unexpected: number;
}

/** Connections, each with one request at a time. */
export const CONNECTIONS = 64;

/** Envoy's question, `envoy.service.auth.v3.Authorization/Check`, on one connection. */
export interface GrpcLoadPlan {
  readonly address: string;
  readonly tokenFile: string;
  /** False of a floor, whose answer means nothing. */
  readonly isJudged: boolean;
  /** Calls of earlier turns: the tokens go on from there. */
  readonly skip: number;
  readonly durationMs: number;
}

/** Calls at the same time, on one connection. */
export const CALLS_IN_FLIGHT = 32;

/** Asks one server for so many milliseconds. */
export type AskServer = (
  server: { readonly address: string; readonly subject: string },
  durationMs: number,
) => Promise<LoadResult>;
