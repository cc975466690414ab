/** The same routes in every framework: who may see what, and what each shows of who asks. */

import type { Validator } from "countersign";
import type { GuardOptions, GuardRule } from "countersign/fetch";

export const ORIGIN = "https://api.test";

/** Under "/mounted" as well, where a framework can mount. */
export const GUARDED_ROUTES: Readonly<Record<string, GuardRule | undefined>> = {
  "/me": undefined,
  "/orders": { require: "reader" },
  "/optional": { optional: true },
  "/step-up": { require: { acr: ["gold"], maxAgeSeconds: 60 } },
  "/once": { singleUse: true },
  "/shadow": { require: { roles: { any: ["admin"] }, shadow: true } },
  "/expression": { require: { cel: "request.path" } },
};

/** What every framework is set up with. */
export function describeGuard(validator: Pick<Validator, "judge">, shadows: string[]): GuardOptions {
  return {
    validator,
    origin: ORIGIN,
    realm: "orders",
    resourceMetadata: `${ORIGIN}/.well-known/oauth-protected-resource`,
    dpopAlgorithms: ["ES256"],
    requirements: { reader: { scopes: { all: ["orders:read"] } } },
    // The path itself is the expression's outcome here: what matters is what requirements know of a request.
    compileExpression: () => ({
      ok: true,
      condition: ({ request }) =>
        request.path.endsWith("/expression") && request.host === "api.test" && request.scheme === "https",
    }),
    onShadow: ({ policy, outcome }) => shadows.push(`${policy} ${outcome.reason}`),
  };
}

/** What a handler answers with. */
export interface Shown {
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
}

/** A server of one framework, on a free port of 127.0.0.1. */
export interface GuardedServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface Framework {
  readonly name: string;
  start(options: GuardOptions): Promise<GuardedServer>;
}
