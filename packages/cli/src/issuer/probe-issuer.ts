import { findJwksUri } from "./check-metadata.ts";
import { probeKeys } from "./check-keys.ts";
import { checkUrl } from "./check-url.ts";
import { ProbeStopped } from "./probe-step.ts";
import type { ProbeLog } from "./probe-step.ts";

export interface ProbeSettings {
  readonly log: ProbeLog;
  /** For each of DNS, TCP, TLS and HTTP. */
  readonly timeoutMs: number;
  /** The issuer as the user wrote it. */
  readonly issuerText: string;
}

/** Probes all that stands between a validator and an issuer's keys; every finding goes to the log. */
export async function probeIssuer(issuer: URL, settings: ProbeSettings & { readonly jwksUri: URL | undefined }): Promise<void> {
  try {
    if (settings.jwksUri === undefined) checkUrl(issuer, { log: settings.log, target: "issuer" });
    const jwksUri = settings.jwksUri ?? (await findJwksUri(issuer, settings));
    await probeKeys(jwksUri, settings);
  } catch (error) {
    if (!(error instanceof ProbeStopped)) throw error;
  }
}
