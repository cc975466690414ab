import { probeKeys } from "./check-keys.ts";
import { findJwksUri } from "./check-metadata.ts";
import { checkUrl } from "./check-url.ts";
import type { ProbeSettings } from "./probe-settings.ts";
import { ProbeStopped } from "./probe-step.ts";
import { tryEngine } from "./try-engine.ts";

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
