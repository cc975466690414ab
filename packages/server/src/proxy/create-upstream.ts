/** The connection pool to the upstream. undici, because it is node's own client, streams both ways and is bounded. */

import type { IncomingMessage } from "node:http";

import { buildConnector, Pool } from "undici";

import type { ProxyConfiguration } from "../config/configuration.ts";
import type { UpstreamTarget } from "../config/upstreams.ts";
import { isBrokenConnection } from "./forward-failure.ts";
import type { AnsweredExchange } from "./forward-response.ts";
import { forwardOnce } from "./forward-response.ts";
import { createBodyLimit } from "./limit-body.ts";
import type { UpgradeAnswer, UpgradeRequest } from "./request-upgrade.ts";
import { requestUpgrade } from "./request-upgrade.ts";
import { ONE_NAME } from "./upstream-name.ts";

export interface UpstreamRequest extends AnsweredExchange {
  readonly method: string;
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly request: IncomingMessage;
}

export interface Upstream {
  /** Forwards and answers the client. Rejects where that failed; then `response.headersSent` tells how far it came. */
  forward(request: UpstreamRequest): Promise<void>;
  /** Asks for a WebSocket. */
  upgrade(request: UpgradeRequest): Promise<UpgradeAnswer>;
  /** Waits for requests in flight, at most `timeoutMs`; undefined for as long as they take. */
  close(timeoutMs: number | undefined): Promise<void>;
}

/** Of the configuration's upstreams, what connections are opened by. */
export type PoolTarget = Pick<UpstreamTarget, "url" | "tls">;

/** What an upstream behind a Unix socket is called. */
export const UNIX_ORIGIN = "http://localhost";

const RETRIED_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** Creates the pool; it connects with the first request. */
export function createUpstream(target: PoolTarget, limits: ProxyConfiguration): Upstream {
  const pool = createPool(target, limits, { allowH2: limits.http2 });
  // A WebSocket over HTTP/2 is an extended CONNECT, which few servers speak; most speak HTTP/1.1 beside it.
  let upgrading: Pool | undefined;
  return {
    forward(exchange) {
      const { method, target: path, headers, request } = exchange;
      const body = chooseBody(request, limits.maxBodyBytes);
      const sent = { ...ONE_NAME, method, path, headers, body };
      const answered = forwardOnce(pool, sent, exchange);
      if (body !== null || !RETRIED_METHODS.has(method)) return answered;
      return answered.catch((error: unknown) => {
        if (!mayRetry(exchange, error)) throw error;
        return forwardOnce(pool, sent, exchange);
      });
    },
    upgrade(request) {
      upgrading ??= createPool(target, limits, { allowH2: false });
      return requestUpgrade(upgrading, request);
    },
    async close(timeoutMs) {
      const pools = [pool, ...(upgrading === undefined ? [] : [upgrading])];
      const cut = (): void => {
        for (const one of pools) one.destroy().catch(() => undefined);
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(cut, timeoutMs);
      await Promise.all(pools.map((one) => one.close().catch(() => undefined)));
      clearTimeout(timer);
    },
  };
}

function createPool(
  { url, tls = {} }: PoolTarget,
  limits: ProxyConfiguration,
  { allowH2 }: { readonly allowH2: boolean },
): Pool {
  const socketPath = url.startsWith("unix:") ? url.slice("unix:".length) : undefined;
  const { ca, certificate, key } = tls;
  const connect = buildConnector({
    timeout: limits.connectTimeoutMs,
    allowH2,
    ...(socketPath !== undefined && { socketPath }),
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
  });
  return new Pool(socketPath === undefined ? url : UNIX_ORIGIN, {
    connections: limits.maxConnections,
    pipelining: 1,
    allowH2,
    // The origin's own name, and never the client's `Host`: it must not choose which certificate is good.
    connect: ({ servername: _, ...target }, callback) => connect(target, callback),
    headersTimeout: limits.headersTimeoutMs,
    bodyTimeout: limits.bodyTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
  });
}

/** Once, only where asking twice is the same as asking once, and nothing was answered yet. */
function mayRetry({ response }: UpstreamRequest, error: unknown): boolean {
  return !response.headersSent && !response.destroyed && isBrokenConnection(error);
}

/** True where the request says that a body follows (RFC 9112 section 6.3). */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return request.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

function chooseBody(
  request: IncomingMessage,
  maxBytes: number,
): IncomingMessage | ReturnType<typeof createBodyLimit> | null {
  if (!hasBody(request)) return null;
  // A declared length was compared with the limit before, and node's parser holds the client to it.
  if (request.headers["transfer-encoding"] === undefined) return request;
  const limited = createBodyLimit(maxBytes);
  request.once("error", (error) => limited.destroy(error));
  return request.pipe(limited);
}
