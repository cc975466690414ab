/** The sidecar's table of routes; what it is handed are paths, and not tokens. */

import type { RouteConfiguration } from "@countersign/server";
import { createRouteTable } from "../../../packages/server/src/config/route-table.ts";
import type { CreateJudge } from "../subject.ts";

export const create: CreateJudge = ({ routes = 0 }, paths) => {
  const table = createRouteTable(
    Array.from({ length: routes }, (_, index): RouteConfiguration => {
      return { path: `/area-${index % 100}/service-${index}/**`, methods: ["GET"], allow: "authenticated" };
    }),
  );
  return (index) =>
    table.find({ host: "api.example.com", path: paths.read(index), method: "GET" }).kind === "found";
};
