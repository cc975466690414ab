/** The issuers that a configuration asks about their tokens; one for all configurations that ask alike. */

import type { Validator } from "countersign";

import type { Configuration } from "./config/configuration.ts";
import type { IntrospectToken } from "./decision/introspect-token.ts";
import { createIntrospector, type Introspector } from "./introspection/create-introspector.ts";
import { createTokenIntrospection } from "./introspection/introspect-token.ts";
import { Shared } from "./shared.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { OperationalLog } from "./telemetry/operational-log.ts";

export interface IntrospectionHost {
  readonly clock: () => number;
  readonly logger: OperationalLog;
  readonly metrics: Metrics;
}

/** What is remembered stays where the settings stay, over a reload too. */
export function shareIntrospectors(
  { introspection }: Configuration,
  { clock, logger, metrics }: IntrospectionHost,
  previous: Shared<readonly Introspector[]> | undefined,
): Shared<readonly Introspector[]> {
  const settings = JSON.stringify(introspection);
  if (previous?.settings === settings) return previous.retain();
  const host = {
    clock,
    logger,
    onAsked: (sample: Parameters<Metrics["recordIntrospection"]>[0]) => metrics.recordIntrospection(sample),
    onRecalled: (result: "hit" | "miss") => metrics.recordCache("introspection", result),
    onClock: (issuer: string, seconds: number) =>
      metrics.observe({ type: "clock_difference_measured", issuer, seconds }),
  };
  return new Shared<readonly Introspector[]>(
    introspection.map((asked) => createIntrospector(asked, host)),
    {
      settings,
      async close(introspectors) {
        await Promise.all(introspectors.map((introspector) => introspector.close()));
      },
    },
  );
}

/** Undefined where no issuer is asked. */
export function connectIntrospection(parts: {
  readonly introspectors: readonly Introspector[];
  readonly validator: Validator;
  readonly clock: () => number;
}): IntrospectToken | undefined {
  const { introspectors, validator, clock } = parts;
  return createTokenIntrospection({
    introspectors,
    judgeStated: (stated, context) => validator.judgeStated(stated, context),
    clock,
  });
}
