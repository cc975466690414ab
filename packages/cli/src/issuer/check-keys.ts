import { checkUrl } from "./check-url.ts";
import { inspectKeys } from "./inspect-keys.ts";
import { parseDocument } from "./parse-document.ts";
import type { ProbeSettings } from "./probe-settings.ts";
import type { FetchedDocument } from "./request-document.ts";
import { requestDocument } from "./request-document.ts";

const TARGET = "jwks";

/** More seconds between the clocks than this are a warning: half of the default `clockToleranceSeconds`. */
const MAX_CLOCK_DIFFERENCE_SECONDS = 15;

/**
 * Fetches the key set and imports each key with the engine.
 *
 * @throws ProbeStopped
 */
export async function probeKeys(url: URL, settings: ProbeSettings): Promise<void> {
  const { log } = settings;
  checkUrl(url, { log, target: TARGET });
  const document = await requestDocument(url, { ...settings, target: TARGET });
  if (document === undefined) return;
  tellCaching(document, settings);
  const set = parseDocument(document.text, { log, target: TARGET });
  tellClock(document, settings);
  const keys = set["keys"];
  if (!isArray(keys)) {
    return log.fail(TARGET, {
      name: "keys",
      fault: "wrong",
      detail: "the document has no array `keys` (RFC 7517 section 5)",
      remedy: "Point to the JWK Set itself; PEM files, single keys and certificates are something else.",
    });
  }
  await tellKeys(keys, settings);
}

async function tellKeys(keys: readonly unknown[], { log }: ProbeSettings): Promise<void> {
  const reports = await inspectKeys(keys);
  for (const { label, usable, problem, ignored } of reports) {
    if (usable.length > 0) {
      log.add(TARGET, { name: "key", outcome: "passed", detail: `${label} verifies ${usable.join(", ")}` });
    } else if (ignored) {
      log.add(TARGET, { name: "key", outcome: "skipped", detail: `${label}: ${problem}` });
    } else {
      log.add(TARGET, {
        name: "key",
        outcome: "failed",
        detail: `${label} is refused: ${problem}`,
        remedy: "Have the identity provider replace the key. The others of the set are not affected.",
      });
    }
  }
  const count = reports.filter(({ usable }) => usable.length > 0).length;
  if (count > 0) {
    log.add(TARGET, {
      name: "keys",
      outcome: "passed",
      detail: `${count} of ${keys.length} can verify signatures`,
    });
    return;
  }
  log.fail(TARGET, {
    name: "keys",
    fault: "wrong",
    detail: keys.length === 0 ? "the set is empty" : `none of the ${keys.length} keys can verify signatures`,
    remedy: "No token of this issuer can be accepted: have it publish its signing keys.",
  });
}

function tellCaching({ headers }: FetchedDocument, { log }: ProbeSettings): void {
  const caching = headers["cache-control"];
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(caching ?? "")?.[1];
  if (seconds === undefined) {
    log.add(TARGET, {
      name: "caching",
      outcome: "passed",
      detail: "no max-age: refreshed by `maxRefreshSeconds`",
    });
    return;
  }
  const tooLong = Number(seconds) > 86_400;
  log.add(TARGET, {
    name: "caching",
    outcome: tooLong ? "warning" : "passed",
    detail: `max-age=${seconds}`,
    ...(tooLong && {
      remedy: "Caches on the way may hold a removed key this long: keep max-age under a day.",
    }),
  });
}

function tellClock({ clockDifferenceSeconds }: FetchedDocument, { log }: ProbeSettings): void {
  if (clockDifferenceSeconds === undefined) {
    log.add(TARGET, { name: "clock", outcome: "skipped", detail: "the answer has no Date header" });
    return;
  }
  const size = Math.abs(clockDifferenceSeconds);
  const direction = clockDifferenceSeconds > 0 ? "ahead of" : "behind";
  const far = size > MAX_CLOCK_DIFFERENCE_SECONDS;
  log.add(TARGET, {
    name: "clock",
    outcome: far ? "warning" : "passed",
    detail: size === 0 ? "agrees with this machine to the second" : `${size} s ${direction} this machine`,
    ...(far && {
      remedy: "Repair time synchronization (NTP) here or there: tokens will seem expired or not yet valid.",
    }),
  });
}

function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
