/** Who answers 200 or 401 to one request, each beside the same server without judging. */

import { createApache } from "./kinds/apache.ts";
import { createSidecar } from "./kinds/countersign.ts";
import { createGolang } from "./kinds/golang.ts";
import { createHaproxy } from "./kinds/haproxy.ts";
import { createBareNginx, createNjs } from "./kinds/nginx.ts";
import { createBareBun, createNodeServer } from "./kinds/node.ts";
import type { ServerKind } from "./server.ts";

const FORWARDS = false;
/** As many as tokens circulate, for those that remember. */
const ENTRIES = 10_000;

export const OWN_DECISION_KINDS: readonly ServerKind[] = [
  createNodeServer({ subject: "floor", script: "http" }),
  createSidecar({ door: "decision" }),
];

/** For a run of a minute. */
export const FEW_DECISION_KINDS: readonly ServerKind[] = [
  ...OWN_DECISION_KINDS,
  createHaproxy({ judges: false, forwards: FORWARDS }),
  createHaproxy({ judges: true, forwards: FORWARDS }),
  createBareBun({ forwards: FORWARDS }),
  createSidecar({ door: "decision", program: "bun" }),
];

/** For a second algorithm: what answers without judging costs the same for each, and so do some of the others. */
export const ALGORITHM_DECISION_KINDS: readonly ServerKind[] = [
  createSidecar({ door: "decision" }),
  createSidecar({ door: "decision", program: "bun" }),
  createHaproxy({ judges: true, forwards: FORWARDS }),
  createNodeServer({ subject: "@fastify/jwt", script: "fastify", framework: "fastify", judges: true }),
  createGolang({ judges: true, forwards: FORWARDS }),
  createNjs({ forwards: FORWARDS }),
  createApache({ judges: true, forwards: FORWARDS }),
];

export const DECISION_KINDS: readonly ServerKind[] = [
  ...FEW_DECISION_KINDS,
  createSidecar({ door: "decision", audits: "refusals" }),
  createSidecar({ door: "decision", audits: "all" }),
  createNodeServer({ subject: "floor", script: "fastify", framework: "fastify" }),
  createNodeServer({
    subject: "@fastify/jwt",
    script: "fastify",
    framework: "fastify",
    judges: true,
  }),
  createNodeServer({
    subject: "@fastify/jwt (cache on)",
    script: "fastify",
    framework: "fastify",
    judges: true,
    cacheEntries: ENTRIES,
  }),
  createGolang({ judges: false, forwards: FORWARDS }),
  createGolang({ judges: true, forwards: FORWARDS }),
  createBareNginx({ forwards: FORWARDS }),
  createNjs({ forwards: FORWARDS }),
  createApache({ judges: false, forwards: FORWARDS }),
  createApache({ judges: true, forwards: FORWARDS }),
  createNodeServer({ subject: "floor", script: "express", framework: "express" }),
  createNodeServer({
    subject: "express-oauth2-jwt-bearer",
    script: "express",
    framework: "express",
    judges: true,
  }),
];
