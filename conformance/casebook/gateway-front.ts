import { randomUUID } from "node:crypto";

import { exchangeOctets, writeRequest } from "./exchange-octets.ts";
import type { Front, UpstreamRequest } from "./front.ts";
import { PROBE_HEADER, RECORDS_PATH } from "./start-echo.ts";

export interface GatewayPlace {
  /** Origin of the gateway, without TLS. */
  readonly target: string;
  /** Origin of the application behind it, which is one of `startEcho`. Asked directly. */
  readonly echo: string;
}

const RECORDS_TIMEOUT_MS = 8000;

/** Any gateway in front of an application that remembers. */
export function createGatewayFront({ target, echo }: GatewayPlace): Front {
  const { hostname, port } = new URL(target);
  const address = { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 80 : Number(port) };
  return {
    async send(request) {
      const probe = randomUUID();
      const headers = [[PROBE_HEADER, probe] as const, ...request.headers];
      const answer = await exchangeOctets(address, writeRequest({ ...request, headers }));
      return { status: answer.status, text: answer.text, reached: await readRecords(echo, probe) };
    },
  };
}

/** @throws Error where the application does not answer: then nothing is known of what reached it. */
async function readRecords(echo: string, probe: string): Promise<readonly UpstreamRequest[]> {
  const url = new URL(RECORDS_PATH + probe, echo);
  const response = await fetch(url, { signal: AbortSignal.timeout(RECORDS_TIMEOUT_MS) });
  const records: unknown = response.ok ? await response.json() : undefined;
  if (!Array.isArray(records)) throw new Error(`expected records of the echo application at ${url.origin}`);
  return records as readonly UpstreamRequest[];
}
