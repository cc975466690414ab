import { findJwksUri } from "./check-metadata.ts";
import { probeKeys } from "./check-keys.ts";
import { checkUrl } from "./check-url.ts";
import { tryEngine } from "./try-engine.ts";
import { ProbeStopped } from "./probe-step.ts";
import type { ProbeLog } from "./probe-step.ts";

/** What every probe of one run shares. */
export interface ProbeSettings {
  readonly log: ProbeLog;
  /** For each of DNS, TCP, TLS and HTTP. */
  readonly timeoutMs: number;
  /** The issuer as the user wrote it. */
  readonly issuerText: string;
  /** Where no metadata is to be asked for. */
  readonly jwksUri: URL | undefined;
}

/** Probes all that stands between a validator and an issuer's keys; every finding goes to the log. */
export async function probeIssuer(issuer: URL, settings: ProbeSettings): Promise<void> {
  try {
    if (settings.jwksUri === undefined) checkUrl(issuer, { log: settings.log, target: "issuer" });
    const jwksUri = settings.jwksUri ?? (await findJwksUri(issuer, settings));
    await probeKeys(jwksUri, settings);
    await tryEngine(issuer, settings);
  } catch (error) {
    if (!(error instanceof ProbeStopped)) throw error;
  }
}
