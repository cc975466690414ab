/** Servers in this repository's own language: bare ones, and the ones that people put a JWT library into. */

import { fileURLToPath } from "node:url";
import { INHERITED_OPTIONS } from "../../inherited-options.ts";
import { requireBun } from "../find-bun.ts";
import type { NodeServerParameters } from "../node/parameters.ts";
import type { ServerKind } from "../server.ts";
import { startOnFreePort } from "../start-on-free-port.ts";

const SCRIPTS = {
  http: new URL("../node/serve-bare.ts", import.meta.url),
  "http proxy": new URL("../node/serve-bare-proxy.ts", import.meta.url),
  "http2 gRPC": new URL("../node/serve-bare-grpc.ts", import.meta.url),
  "grpc-js": new URL("../node/serve-grpc-js.ts", import.meta.url),
  fastify: new URL("../node/serve-fastify.ts", import.meta.url),
  express: new URL("../node/serve-express.ts", import.meta.url),
} as const;

export interface NodeServerOptions {
  readonly subject: string;
  readonly script: keyof typeof SCRIPTS;
  /** Set where the subject is the floor of something else than the runtime. */
  readonly framework?: string;
  readonly judges?: boolean;
  readonly cacheEntries?: number;
}

export function createNodeServer(options: NodeServerOptions): ServerKind {
  const script = fileURLToPath(SCRIPTS[options.script]);
  return {
    subject: options.subject,
    needs: "node",
    start: (site) =>
      startOnFreePort(site, (port) => {
        const parameters: NodeServerParameters = {
          port,
          key: site.key,
          jwksUrl: site.keys.url,
          upstream: site.upstream,
          judges: options.judges === true,
          cacheEntries: options.cacheEntries ?? 0,
        };
        const node = `node ${process.versions.node}`;
        return {
          command: [process.execPath, ...INHERITED_OPTIONS, script, JSON.stringify(parameters)],
          runtime: options.framework === undefined ? node : `${options.framework}, ${node}`,
          env: { NODE_ENV: "production" },
        };
      }),
  };
}

/** What Bun serves and forwards by itself. */
export function createBareBun({ forwards }: { readonly forwards: boolean }): ServerKind {
  const script = fileURLToPath(new URL("../node/serve-bare-bun.ts", import.meta.url));
  return {
    subject: "floor",
    needs: "bun",
    start: (site) => {
      const { program, runtime } = requireBun();
      return startOnFreePort(site, (port) => {
        const parameters = { port, upstream: site.upstream, judges: false };
        return {
          command: [program, script, JSON.stringify(parameters), forwards ? "proxy" : "answer"],
          runtime,
        };
      });
    },
  };
}
