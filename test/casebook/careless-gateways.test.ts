/** Gateways whose configuration leaves a line out: the casebook has to notice, or its lines prove nothing. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CASEBOOK } from "../../conformance/casebook/casebook.ts";
import { createGatewayFront } from "../../conformance/casebook/gateway-front.ts";
import { createReport } from "../../conformance/casebook/report.ts";
import { skipWithoutGateway } from "../kit/find-gateway.ts";
import { startCaddy } from "../kit/start-caddy.ts";
import { startTraefik } from "../kit/start-traefik.ts";
import { type GuardedEcho, startGuardedEcho } from "./start-guarded-echo.ts";

interface Gateway {
  readonly url: string;
  close(): Promise<void>;
}

async function listVulnerable(
  start: (place: GuardedEcho, application: string) => Promise<Gateway>,
): Promise<readonly number[]> {
  const place = await startGuardedEcho();
  let gateway: Gateway | undefined;
  try {
    gateway = await start(place, new URL(place.echo.url).host);
    const front = createGatewayFront({ target: gateway.url, echo: place.echo.url });
    const { entries, controls } = await createReport(CASEBOOK, { front, scene: place.scene });
    assert.ok(controls.admitted && controls.open);
    return entries.filter(({ outcome }) => outcome === "vulnerable").map(({ number }) => number);
  } finally {
    await gateway?.close();
    await place.close();
  }
}

function leaveOut(pattern: RegExp): (text: string) => string {
  return (text) => {
    assert.match(text, pattern, "the line is there to be left out");
    return text.replace(pattern, "");
  };
}

describe("the casebook", () => {
  it("notices a Caddy that lets Connection take the identity away", {
    skip: skipWithoutGateway("caddy"),
  }, async () => {
    const adapt = leaveOut(/^\s*respond @connection_abuse.*$/m);
    const vulnerable = await listVulnerable(({ decision }, application) =>
      startCaddy({ decision, application, adapt }),
    );
    assert.deepEqual(vulnerable, [24]);
  });

  it("notices a Caddy that does not ask", { skip: skipWithoutGateway("caddy") }, async () => {
    const adapt = leaveOut(/forward_auth[^{]*\{[^{}]*\{[^{}]*\}[^{}]*\}/);
    const vulnerable = await listVulnerable(({ decision }, application) =>
      startCaddy({ decision, application, adapt }),
    );
    for (const number of [1, 14, 29, 32]) assert.ok(vulnerable.includes(number), `entry ${number}`);
  });

  it("notices a Traefik that does not ask", { skip: skipWithoutGateway("traefik") }, async () => {
    const adapt = (text: string): string => text.replace("[countersign, without-token]", "[without-token]");
    const vulnerable = await listVulnerable(({ decision }, application) =>
      startTraefik({ decision, application, adapt }),
    );
    for (const number of [1, 14, 21, 29, 32]) assert.ok(vulnerable.includes(number), `entry ${number}`);
  });
});
