/** Who forwards a request that carries a good token, each beside the same program that only forwards. */

import { createApache } from "./kinds/apache.ts";
import { createSidecar } from "./kinds/countersign.ts";
import { createEnvoy } from "./kinds/envoy.ts";
import { createGolang } from "./kinds/golang.ts";
import { createHaproxy } from "./kinds/haproxy.ts";
import { createBareNginx, createGuardedNginx, createNjs } from "./kinds/nginx.ts";
import { createBareBun, createNodeServer } from "./kinds/node.ts";
import type { ServerKind } from "./server.ts";

const FORWARDS = true;

export const OWN_PROXY_KINDS: readonly ServerKind[] = [
  createNodeServer({ subject: "floor", script: "http proxy" }),
  createSidecar({ door: "proxy" }),
];

/** For a run of a minute. */
export const FEW_PROXY_KINDS: readonly ServerKind[] = [
  ...OWN_PROXY_KINDS,
  createHaproxy({ judges: false, forwards: FORWARDS }),
  createHaproxy({ judges: true, forwards: FORWARDS }),
];

export const PROXY_KINDS: readonly ServerKind[] = [
  ...FEW_PROXY_KINDS,
  createBareBun({ forwards: FORWARDS }),
  createSidecar({ door: "proxy", program: "bun" }),
  createBareNginx({ forwards: FORWARDS }),
  createGuardedNginx(),
  createNjs({ forwards: FORWARDS }),
  createEnvoy({ judge: "nobody", forwards: FORWARDS }),
  createEnvoy({ judge: "countersign", forwards: FORWARDS }),
  createEnvoy({ judge: "jwt_authn", forwards: FORWARDS }),
  createEnvoy({ judge: "jwt_authn", cacheEntries: 10_000, forwards: FORWARDS }),
  createGolang({ judges: false, forwards: FORWARDS }),
  createGolang({ judges: true, forwards: FORWARDS }),
  createApache({ judges: false, forwards: FORWARDS }),
  createApache({ judges: true, forwards: FORWARDS }),
];
