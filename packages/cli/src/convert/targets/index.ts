import type { ConversionTarget } from "../conversion-target.ts";
import { AWS_HTTP_API } from "./aws-http-api.ts";
import { ENVOY } from "./envoy.ts";
import { NGINX } from "./nginx.ts";
import { TRAEFIK } from "./traefik.ts";

/** Every target by its name on the command line. */
export const TARGETS: ReadonlyMap<string, ConversionTarget> = new Map([
  ["nginx", NGINX],
  ["traefik", TRAEFIK],
  ["aws-http-api", AWS_HTTP_API],
  ["envoy", ENVOY],
]);
