import type { AlgorithmName, EngineEvent, IssuerOptions } from "countersign";
import { ALGORITHMS, createValidator, inspectOptions, KeysNotReadyError } from "countersign";
import { shorten } from "../output/printable.ts";
import { isRecord } from "./parse-document.ts";

/** What the engine makes of one key of a set. */
export interface KeyReport {
  /** Position and, where it has one, kid. */
  readonly label: string;
  /** Algorithms whose signatures the key verifies; empty where it is refused or for something else. */
  readonly usable: readonly string[];
  /** Why the engine does not use the key. */
  readonly problem: string | undefined;
  /** True where nothing is wrong with the key: it is for something else. */
  readonly ignored: boolean;
}

/** The most keys that the engine takes by default; those behind are not looked at. */
const MAX_KEYS = 256;

// Never resolved: the answers come from memory.
const NOWHERE = "https://keys.invalid/jwks";

/** Has the engine import the keys as it does when it fetches them, each alone and all together. */
export async function inspectKeys(keys: readonly unknown[]): Promise<readonly KeyReport[]> {
  const algorithms = listUsableAlgorithms();
  // Together, two keys of one kid and type spoil each other.
  const together = await importKeys(keys.slice(0, MAX_KEYS), algorithms);
  const reports: KeyReport[] = [];
  for (const [index, key] of keys.slice(0, MAX_KEYS).entries()) {
    const label = nameKey(index, key);
    const conflict = together.refused.get(index);
    const alone = await importKeys([key], algorithms);
    const problem = alone.refused.get(0) ?? conflict;
    const usable = problem === undefined ? alone.usable : [];
    const ignored = problem === undefined && usable.length === 0;
    reports.push({
      label,
      usable,
      problem: ignored ? "not for signatures that are supported here" : problem,
      ignored,
    });
  }
  return reports;
}

interface ImportedKeys {
  readonly usable: readonly string[];
  readonly refused: ReadonlyMap<number, string>;
}

async function importKeys(
  keys: readonly unknown[],
  algorithms: readonly AlgorithmName[],
): Promise<ImportedKeys> {
  const usable: string[] = [];
  const refused = new Map<number, string>();
  const observer = (event: EngineEvent): void => {
    if (event.type === "key_refused") refused.set(event.index, event.problem);
    if (event.type === "key_set_changed") usable.push(...event.added.map(({ algorithm }) => algorithm));
  };
  const body = JSON.stringify({ keys });
  const validator = createValidator({
    issuers: [describeIssuer(algorithms)],
    observer,
    fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": "application/json" } })),
  });
  try {
    await validator.ready();
  } catch (error) {
    // A set without a usable key is never ready; the events say why.
    if (!(error instanceof KeysNotReadyError)) throw error;
  } finally {
    await validator.close();
  }
  return { usable, refused };
}

function describeIssuer(algorithms: readonly AlgorithmName[]): IssuerOptions {
  return {
    issuer: "https://keys.invalid/",
    audiences: "unchecked",
    algorithms,
    keys: { jwksUri: NOWHERE, maxBytes: 2_097_152 },
  };
}

/** Every algorithm of public keys that this runtime can verify. */
function listUsableAlgorithms(): readonly AlgorithmName[] {
  return Object.values(ALGORITHMS)
    .filter(({ family, aliasOf }) => family !== "hmac" && aliasOf === undefined)
    .map(({ name }) => name)
    .filter((name) => inspectOptions({ issuers: [describeIssuer([name])] }).problems.length === 0);
}

function nameKey(index: number, key: unknown): string {
  if (!isRecord(key)) return `key ${index}`;
  const { kid, kty, crv } = key as { kid?: unknown; kty?: unknown; crv?: unknown };
  const name = typeof kid === "string" ? `kid ${shorten(kid, 60)}` : `key ${index}, without kid`;
  const kind = [kty, crv].filter((part) => typeof part === "string").map((part) => shorten(part, 20));
  return kind.length === 0 ? name : `${name} (${kind.join(" ")})`;
}
