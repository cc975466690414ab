/** The guarded routes in each framework, current and previous major. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createGuard as createExpressGuard } from "countersign/express";
import { countersign, type FastifyGuard, type GuardedRequestMembers } from "countersign/fastify";
import { createGuard as createFetchGuard } from "countersign/fetch";
import { createGuard as createHonoGuard, type GuardedEnv } from "countersign/hono";
import { createGuard as createKoaGuard, type GuardedState } from "countersign/koa";
import express from "express";
import express4 from "express-4";
import fastify, { type FastifyInstance } from "fastify";
import fastify4 from "fastify-4";
import { Hono } from "hono";
import Koa from "koa";
import Koa2 from "koa-2";
import { type Framework, GUARDED_ROUTES, type GuardedServer, type Shown } from "./guarded-routes.ts";
import { listenToFetch } from "./listen-to-fetch.ts";

declare module "fastify" {
  interface FastifyInstance {
    readonly guard: FastifyGuard;
  }
  interface FastifyRequest extends GuardedRequestMembers {}
}

const ROUTES = Object.entries(GUARDED_ROUTES);

async function listen(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<GuardedServer> {
  const server = createServer((request, response) => {
    listener(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function describeExpress(name: string, create: typeof express): Framework {
  return {
    name,
    start: (options) => {
      const guard = createExpressGuard(options);
      const app = create();
      const router = create.Router();
      for (const [path, rule] of ROUTES) {
        router.get(path, guard(rule), (request, response) => {
          const shown: Shown = { subject: request.principal?.subject, issuer: request.token?.issuer };
          response.json(shown);
        });
      }
      app.use("/mounted", router);
      app.use(router);
      return listen(app);
    },
  };
}

function describeFastify(name: string, create: typeof fastify): Framework {
  return {
    name,
    start: async (options) => {
      const app = create({ forceCloseConnections: true });
      await app.register(countersign, options);
      const define = async (scope: FastifyInstance): Promise<void> => {
        for (const [path, rule] of ROUTES) {
          scope.get(path, { onRequest: scope.guard(rule) }, async (request): Promise<Shown> => {
            return { subject: request.principal?.subject, issuer: request.token?.issuer };
          });
        }
      };
      await app.register(define, { prefix: "/mounted" });
      await app.register(define);
      const url = await app.listen({ port: 0, host: "127.0.0.1" });
      return { url, close: () => app.close() };
    },
  };
}

function describeKoa(name: string, Create: typeof Koa): Framework {
  return {
    name,
    start: (options) => {
      const guard = createKoaGuard(options);
      const app = new Create<GuardedState>();
      const guards = new Map(ROUTES.map(([path, rule]) => [path, guard(rule)]));
      app.use(async (context, next) => {
        const handler = guards.get(context.path.replace(/^\/mounted/, ""));
        await (handler === undefined ? next() : handler(context, next));
      });
      app.use((context) => {
        const { principal, token } = context.state;
        context.body = { subject: principal?.subject, issuer: token?.issuer } satisfies Shown;
      });
      return listen(app.callback());
    },
  };
}

const HONO: Framework = {
  name: "Hono 4",
  start: (options) => {
    const guard = createHonoGuard(options);
    const routes = new Hono<GuardedEnv>();
    for (const [path, rule] of ROUTES) {
      routes.get(path, guard(rule), (context) => {
        const { principal, token } = context.var;
        return context.json({ subject: principal?.subject, issuer: token?.issuer } satisfies Shown);
      });
    }
    const app = new Hono().route("/mounted", routes).route("/", routes);
    return listenToFetch((request) => app.fetch(request));
  },
};

const FETCH: Framework = {
  name: "fetch handlers",
  start: (options) => {
    const handlers = new Map(
      ROUTES.map(([path, rule]) => [
        path,
        createFetchGuard(options, rule).protect((_request, { principal, token }) =>
          Response.json({ subject: principal?.subject, issuer: token?.issuer } satisfies Shown),
        ),
      ]),
    );
    return listenToFetch(async (request) => {
      const handler = handlers.get(new URL(request.url).pathname.replace(/^\/mounted/, ""));
      return handler === undefined ? new Response(null, { status: 404 }) : await handler(request);
    });
  },
};

export const FRAMEWORKS: readonly Framework[] = [
  describeExpress("Express 5", express),
  describeExpress("Express 4", express4),
  describeFastify("Fastify 5", fastify),
  describeFastify("Fastify 4", fastify4 as unknown as typeof fastify),
  describeKoa("Koa 3", Koa),
  describeKoa("Koa 2", Koa2),
  HONO,
  FETCH,
];
