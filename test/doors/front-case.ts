/** What one row of the table of front doors asks. */

/** Tokens of one stack, by what is wrong with them. */
export interface FrontTokens {
  readonly good: string;
  readonly user: string;
  readonly [kind: string]: string;
}

/** A request, octet by octet: nothing is added but what is said here. */
export interface FrontRequest {
  /** Default GET. */
  readonly method?: string;
  /** Default "/orders/1". */
  readonly target?: string;
  /** Default 1.1. */
  readonly version?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  /** Default the front door's own host. */
  readonly host?: string | false;
  /** Whole lines, after the others. */
  readonly lines?: readonly string[];
  /** Sent as it is; its length is said unless the lines say how it is framed. */
  readonly body?: string;
}

/** What must hold, whatever the front door is. */
export type FrontRule =
  /** The upstream gets it, with the identity of the token's subject. */
  | "pass"
  /** The upstream gets it, and no identity. */
  | "nobody"
  /** The upstream does not get it. */
  | "refuse"
  /** The upstream does not get it, and the client is told that it is not its fault: 5xx. */
  | "unavailable"
  /** Either; where the upstream gets it, only with an identity that is true. */
  | "judge";

export interface FrontCase {
  readonly name: string;
  readonly rule: FrontRule;
  readonly request: (tokens: FrontTokens) => FrontRequest;
}

export interface FrontGroup {
  readonly title: string;
  readonly cases: readonly FrontCase[];
}

/** The octets of a request (latin1). */
export function writeFrontRequest(request: FrontRequest, ownHost: string): string {
  const { method = "GET", target = "/orders/1", version = "1.1", token, host = ownHost } = request;
  const { lines = [], body } = request;
  const isFramed = lines.some((line) => /^(?:content-length|transfer-encoding):/i.test(line));
  const keepsConnection = lines.some((line) => /^connection:/i.test(line));
  const all = [
    `${method} ${target} HTTP/${version}`,
    ...(host === false ? [] : [`Host: ${host}`]),
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...lines,
    ...(body === undefined || isFramed ? [] : [`Content-Length: ${body.length}`]),
    ...(keepsConnection ? [] : ["Connection: close"]),
  ];
  return [...all, "", body ?? ""].join("\r\n");
}
