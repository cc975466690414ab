/** The casebook at real gateways, each with the configuration that the project hands out. */

import { createGatewayFront } from "../../conformance/casebook/gateway-front.ts";
import { type GatewayProgram, skipWithoutGateway } from "../kit/find-gateway.ts";
import { skipWithout } from "../kit/find-program.ts";
import { startApache } from "../kit/start-apache.ts";
import { startCaddy } from "../kit/start-caddy.ts";
import { startEnvoy } from "../kit/start-envoy.ts";
import { startHaproxy } from "../kit/start-haproxy.ts";
import { startNginx } from "../kit/start-nginx.ts";
import { startTraefik } from "../kit/start-traefik.ts";
import { describeCasebook } from "./describe-casebook.ts";
import type { GuardedEcho } from "./start-guarded-echo.ts";

interface Started {
  readonly url: string;
  close(): Promise<void>;
}

interface GatewayKind {
  readonly program: GatewayProgram | "nginx";
  start(place: GuardedEcho, application: string): Promise<Started>;
}

const GATEWAYS: Readonly<Record<string, GatewayKind>> = {
  "nginx, which asks": {
    program: "nginx",
    start: ({ decision }, application) => startNginx({ decision, application }),
  },
  "Caddy, which asks": {
    program: "caddy",
    start: ({ decision }, application) => startCaddy({ decision, application }),
  },
  "Traefik, which asks": {
    program: "traefik",
    start: ({ decision }, application) => startTraefik({ decision, application }),
  },
  "Envoy, which asks over HTTP": {
    program: "envoy",
    start: ({ decision }, application) => startEnvoy("ext-authz-http", { decision, application }),
  },
  "Envoy, which asks over gRPC": {
    program: "envoy",
    start: ({ extAuthz }, application) => startEnvoy("ext-authz-grpc", { decision: extAuthz, application }),
  },
  "HAProxy before the built-in proxy": {
    program: "haproxy",
    start: ({ proxy }) => startHaproxy({ proxy }),
  },
  "Apache before the built-in proxy": {
    program: "apache2",
    start: ({ proxy }) => startApache({ proxy }),
  },
};

for (const [name, { program, start }] of Object.entries(GATEWAYS)) {
  describeCasebook({
    name,
    skip: program === "nginx" ? skipWithout(program) : skipWithoutGateway(program),
    async open(place) {
      const gateway = await start(place, new URL(place.echo.url).host);
      const front = createGatewayFront({ target: gateway.url, echo: place.echo.url });
      return { front, close: () => gateway.close() };
    },
  });
}
