import * as z from "zod";

import { configurationSchema } from "./schema.ts";

/** The part of JSON Schema 2020-12 that is read here. */
export interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly additionalProperties?: boolean | JsonSchema;
  /** "#/$defs/" and a name of the root's `$defs`. */
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly [keyword: string]: unknown;
}

let cached: JsonSchema | undefined;

/** The JSON Schema of the configuration file, as published in `configuration.schema.json`. */
export function configurationJsonSchema(): JsonSchema {
  cached ??= {
    ...(z.toJSONSchema(configurationSchema, { io: "input", target: "draft-2020-12" }) as JsonSchema),
    title: "Countersign sidecar configuration",
  };
  return cached;
}
