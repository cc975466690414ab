/** How each hazard is seen in what became of a probe. */

import type { Hazard } from "./entry.ts";
import type { Observation, UpstreamRequest } from "./front.ts";
import { listReadings, readPlainly } from "./path-readings.ts";
import { type ClientRequest, FORGED, folderOf, type Scene } from "./scene.ts";

/** A value that stands in a claim of every token whose claims must not be told. */
export const CLAIM_MARK = "casebook-claim";

interface Sight {
  readonly sent: ClientRequest;
  readonly seen: Observation;
  readonly scene: Scene;
}

/** What happened, in words for people; undefined where it did not. */
type See = (sight: Sight) => string | undefined;

const SIGHTS: Readonly<Record<Hazard, See>> = {
  guarded_reached: ({ seen, scene }) => {
    const target = seen.reached.find((request) => isGuarded(request, scene))?.target;
    return target === undefined ? undefined : `the application got ${JSON.stringify(target)}`;
  },
  let_in: ({ seen }) => {
    if (seen.reached.length > 0) return "the application was reached";
    return seen.status >= 200 && seen.status < 300 ? `answered ${seen.status}` : undefined;
  },
  identity_forged: ({ seen }) => {
    const forged = seen.reached.flatMap(({ headers }) =>
      headers.filter(([, value]) => value.split(/[,\s]+/).includes(FORGED)),
    )[0];
    return forged === undefined ? undefined : `the application got the client's own ${forged[0]}`;
  },
  identity_lost: ({ seen, scene }) => {
    const lost = seen.reached.some((request) => identitiesOf(request, scene).every((value) => value === ""));
    return lost ? `the application got no ${scene.identityHeaders[0]}` : undefined;
  },
  identity_repeated: ({ seen, scene }) => {
    const repeated = seen.reached.some((request) => identitiesOf(request, scene).length > 1);
    return repeated ? `the application got more than one ${scene.identityHeaders[0]}` : undefined;
  },
  meaning_changed: ({ sent, seen }) => {
    const target = seen.reached.find(
      (other) => readPlainly(other.target) !== readPlainly(sent.target),
    )?.target;
    return target === undefined ? undefined : `${sent.target} became ${target}`;
  },
  claim_told: ({ seen }) => {
    const told = seen.reached.length === 0 && seen.text.includes(CLAIM_MARK);
    return told ? "the answer holds a value of the token's claims" : undefined;
  },
  no_answer: ({ seen }) => (seen.status === 0 ? "no answer came" : undefined),
};

/** Tells which of these happened. */
export function findHazards(hazards: readonly Hazard[], sight: Sight): readonly string[] {
  return hazards.flatMap((hazard) => {
    const happened = SIGHTS[hazard](sight);
    return happened === undefined ? [] : [happened];
  });
}

/** A name as CGI, WSGI and PHP read it. */
function foldName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "-");
}

/** The values of the first identity header that the application saw, under any spelling. */
export function identitiesOf({ headers }: UpstreamRequest, scene: Scene): readonly string[] {
  const wanted = foldName(scene.identityHeaders[0]);
  const values = headers.filter(([name]) => foldName(name) === wanted).map(([, value]) => value);
  return values.length === 0 ? [""] : values;
}

function isGuarded({ target, headers }: UpstreamRequest, scene: Scene): boolean {
  const folder = folderOf(scene.guarded).toLowerCase();
  const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "";
  if (scene.guardedHost !== undefined && readHost(host) === scene.guardedHost) return true;
  return [...listReadings(target)].some((path) => {
    const lower = path.toLowerCase();
    return lower === folder || lower.startsWith(`${folder}/`);
  });
}

function readHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/:[0-9]*$/, "")
    .replace(/\.$/, "");
}
