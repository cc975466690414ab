/** Bun's own server with a fixed answer, or in front of its own client: forwarding without judging. */

import { HOST, readParameters } from "./parameters.ts";

/** As much of Bun as is asked for here. */
interface BunServer {
  serve(options: {
    readonly port: number;
    readonly hostname: string;
    readonly idleTimeout: number;
    fetch(request: Request): Response | Promise<Response>;
  }): unknown;
}

const { port, upstream, judges } = readParameters();
if (judges) throw new Error("it judges nothing");
const { Bun } = globalThis as unknown as { readonly Bun: BunServer };
const answer = (): Response => new Response("fixed", { headers: { "Content-Type": "text/plain" } });
const forward = (request: Request): Promise<Response> => {
  const { pathname, search } = new URL(request.url);
  return fetch(`http://${upstream}${pathname}${search}`, {
    method: request.method,
    headers: request.headers,
  });
};
Bun.serve({ port, hostname: HOST, idleTimeout: 60, fetch: process.argv[3] === "proxy" ? forward : answer });
