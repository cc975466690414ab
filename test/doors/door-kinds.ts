import { skipWithoutGateway } from "../kit/find-gateway.ts";
import { skipWithout } from "../kit/find-program.ts";
import { startApache } from "../kit/start-apache.ts";
import { startCaddy } from "../kit/start-caddy.ts";
import { type EnvoyConfiguration, startEnvoy } from "../kit/start-envoy.ts";
import { startHaproxy } from "../kit/start-haproxy.ts";
import { startNginx } from "../kit/start-nginx.ts";
import type { Stack } from "../kit/start-stack.ts";
import { startTraefik } from "../kit/start-traefik.ts";
import type { DoorKind } from "./describe-door.ts";

export const NGINX_DOOR: DoorKind = {
  name: "nginx with auth_request in front of the upstream",
  column: "nginx",
  skip: skipWithout("nginx"),
  open: (stack) => startNginx(toDecisionTargets(stack)),
};

const NGINX_WEB_SOCKET_DOOR: DoorKind = {
  name: "nginx with auth_request and WebSockets in front of the upstream",
  column: "nginx, WebSocket",
  skip: skipWithout("nginx"),
  open: (stack) => startNginx({ ...toDecisionTargets(stack), configuration: "websockets" }),
};

export const PROXY_DOOR: DoorKind = {
  name: "the built-in proxy in front of the upstream",
  column: "proxy",
  skip: false,
  open: async ({ proxyUrl }) => ({ url: proxyUrl, close: async () => {} }),
};

const CADDY_DOOR: DoorKind = {
  name: "Caddy with forward_auth in front of the upstream",
  column: "Caddy",
  skip: skipWithoutGateway("caddy"),
  open: (stack) => startCaddy(toDecisionTargets(stack)),
};

const TRAEFIK_DOOR: DoorKind = {
  name: "Traefik with ForwardAuth in front of the upstream",
  column: "Traefik",
  skip: skipWithoutGateway("traefik"),
  open: (stack) => startTraefik(toDecisionTargets(stack)),
};

const ENVOY_HTTP_DOOR: DoorKind = describeEnvoy("ext-authz-http", {
  column: "Envoy HTTP",
  name: "Envoy with ext_authz over HTTP in front of the upstream",
});

const ENVOY_GRPC_DOOR: DoorKind = describeEnvoy("ext-authz-grpc", {
  column: "Envoy gRPC",
  name: "Envoy with ext_authz over gRPC in front of the upstream",
});

const ISTIO_HTTP_DOOR: DoorKind = {
  ...describeEnvoy("istio-http", {
    column: "Istio HTTP",
    name: "Envoy with Istio's filters and a provider over HTTP in front of the upstream",
  }),
  hasBareUnavailable: true,
};

const ISTIO_GRPC_DOOR: DoorKind = describeEnvoy("istio-grpc", {
  column: "Istio gRPC",
  name: "Envoy with Istio's filters and a provider over gRPC in front of the upstream",
});

const HAPROXY_DOOR: DoorKind = {
  name: "HAProxy in front of the built-in proxy",
  column: "HAProxy + proxy",
  skip: skipWithoutGateway("haproxy"),
  open: ({ proxyUrl }) => startHaproxy({ proxy: new URL(proxyUrl).host }),
};

const APACHE_DOOR: DoorKind = {
  name: "Apache in front of the built-in proxy",
  column: "Apache + proxy",
  skip: skipWithoutGateway("apache2"),
  open: ({ proxyUrl }) => startApache({ proxy: new URL(proxyUrl).host }),
};

export const DOOR_KINDS: readonly DoorKind[] = [
  NGINX_DOOR,
  NGINX_WEB_SOCKET_DOOR,
  TRAEFIK_DOOR,
  CADDY_DOOR,
  ENVOY_HTTP_DOOR,
  ENVOY_GRPC_DOOR,
  ISTIO_HTTP_DOOR,
  ISTIO_GRPC_DOOR,
  PROXY_DOOR,
  HAPROXY_DOOR,
  APACHE_DOOR,
];

function describeEnvoy(
  configuration: EnvoyConfiguration,
  naming: Pick<DoorKind, "name" | "column">,
): DoorKind {
  return {
    ...naming,
    skip: skipWithoutGateway("envoy"),
    open: (stack) =>
      startEnvoy(configuration, {
        decision: configuration.endsWith("grpc") ? stack.extAuthzAddress : stack.decisionAddress,
        application: stack.echo.address,
      }),
  };
}

function toDecisionTargets({ decisionAddress, echo }: Stack): {
  readonly decision: string;
  readonly application: string;
} {
  return { decision: decisionAddress, application: echo.address };
}
