import { skipWithout } from "../kit/find-program.ts";
import { startNginx } from "../kit/start-nginx.ts";
import type { DoorKind } from "./describe-door.ts";

export const NGINX_DOOR: DoorKind = {
  name: "nginx with auth_request in front of the upstream",
  skip: skipWithout("nginx"),
  open: ({ decisionAddress, echo }) => startNginx({ decision: decisionAddress, application: echo.address }),
};

export const PROXY_DOOR: DoorKind = {
  name: "the built-in proxy in front of the upstream",
  skip: false,
  open: async ({ proxyUrl }) => ({ url: proxyUrl, close: async () => {} }),
};
