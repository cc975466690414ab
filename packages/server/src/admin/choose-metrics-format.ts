/** Which form of the metrics a scraper prefers (RFC 9110 section 12.5.1). */

import type { MetricsFormat } from "../telemetry/render-metrics.ts";

/** Longest `Accept` that is read; whoever sends more gets the plain text. */
const MAX_CHARACTERS = 1024;
const OPENMETRICS_VERSIONS: readonly (string | undefined)[] = [undefined, "1.0.0", "0.0.1"];

/**
 * OpenMetrics where it is named and wanted no less than plain text, which everybody reads.
 * @param rawHeaders Names and values in turn.
 */
export function chooseMetricsFormat(rawHeaders: readonly string[]): MetricsFormat {
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "accept");
  const accept = values.join(",");
  if (accept.length > MAX_CHARACTERS) return "prometheus";
  let open = 0;
  let plain = 0;
  for (const range of accept.split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = readQuality(readParameter(parameters, "q"));
    if (type === "text/plain") plain = Math.max(plain, quality);
    if (type !== "application/openmetrics-text") continue;
    if (OPENMETRICS_VERSIONS.includes(readParameter(parameters, "version"))) open = Math.max(open, quality);
  }
  return open > 0 && open >= plain ? "openmetrics" : "prometheus";
}

function readParameter(parameters: readonly string[], name: string): string | undefined {
  return parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
}

function readQuality(text: string | undefined): number {
  if (text === undefined) return 1;
  const quality = Number(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}
