/** Looks at the JWKS where the world fetches it: every URL, as verifiers do, and past caches. */

import { createPublicJwk } from "../create-public-jwk.ts";
import type { KeyLedger, KeyRecord } from "../lifecycle/key-ledger.ts";
import { findActive } from "../lifecycle/key-ledger.ts";
import type { PublicKeyMembers } from "../public-signing-jwk.ts";
import { concludeGate, type Finding } from "./ask-verifiers.ts";
import type { Gate, GateAnswer, GateQuestion } from "./gate.ts";

export interface JwksUrlGateOptions {
  /** The origin, each replica, the edge of the CDN. */
  readonly urls: readonly string[];
  /** Of one fetch. Default 5000. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5000;
const MAX_BYTES = 1_048_576;
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
const PAST_CACHES = { "Cache-Control": "no-cache", Pragma: "no-cache" };

export function createJwksUrlGate({ urls, timeoutMs = DEFAULT_TIMEOUT_MS }: JwksUrlGateOptions): Gate {
  const gate = "jwks";
  return {
    name: gate,
    async check(question: GateQuestion): Promise<GateAnswer> {
      const looks = urls.flatMap((url) => [
        lookAt(url, { question, timeoutMs, headers: {}, how: "as verifiers fetch it" }),
        lookAt(url, { question, timeoutMs, headers: PAST_CACHES, how: "past caches" }),
      ]);
      return concludeGate(gate, await Promise.all(looks), `${urls.length} URLs serve the keys`);
    },
  };
}

interface Look {
  readonly question: GateQuestion;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly how: string;
}

async function lookAt(url: string, { question, timeoutMs, headers, how }: Look): Promise<Finding> {
  const verifier = `${url} ${how}`;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { headers, redirect: "error", signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      return { verifier, status: "unavailable", detail: `it answered ${response.status}` };
    }
    const problem =
      findProblem(await readBounded(response), question) ?? findCacheProblem(response, question.ledger);
    return { verifier, status: problem === undefined ? "open" : "closed", detail: problem ?? "" };
  } catch {
    return { verifier, status: "unavailable", detail: "no JWKS could be fetched from it in time" };
  }
}

/** @throws where it is too long. */
async function readBounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const body = response.body as AsyncIterable<Uint8Array> | null;
  if (body === null) return "";
  for await (const part of body) {
    bytes += part.length;
    if (bytes > MAX_BYTES) throw new Error("too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Before a key signs it must be there; before one leaves, whoever signs then must. */
function findProblem(text: string, { step, ledger, key }: GateQuestion): string | undefined {
  const keys = readKeys(text);
  if (keys === undefined) return "what it serves is no JWKS";
  if (keys.some((jwk) => PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member)))) {
    return "it shows private members of a key: take it away now, and revoke the key";
  }
  const wanted = step === "promote" ? key : findActive(ledger);
  if (wanted === undefined) return undefined;
  const named = keys.filter((jwk) => jwk["kid"] === wanted.keyId);
  if (named.length === 0) return step === "promote" ? "it lacks the key" : "it lacks the key that signs";
  if (named.length > 1) return "it has two keys of one kid";
  return named.every((jwk) => isKey(jwk, wanted)) ? undefined : "it has another key under the same kid";
}

function readKeys(text: string): readonly Readonly<Record<string, unknown>>[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    return Array.isArray(keys) ? keys.filter((key) => typeof key === "object" && key !== null) : undefined;
  } catch {
    return undefined;
  }
}

function isKey(jwk: Readonly<Record<string, unknown>>, { algorithm, keyId }: KeyRecord): boolean {
  return createPublicJwk(algorithm, jwk as unknown as PublicKeyMembers).kid === keyId;
}

/** The plan counts on what caches are told: longer lives make its bounds too short. */
function findCacheProblem(response: Response, { timing }: KeyLedger): string | undefined {
  const age = Number(response.headers.get("age") ?? 0);
  if (age > timing.sharedCacheSeconds) {
    return `a cache keeps it for ${age} s already, and the plan counts on ${timing.sharedCacheSeconds} (A)`;
  }
  const maxAge = Number(
    /(?:^|[,\s])max-age=(\d+)/i.exec(response.headers.get("cache-control") ?? "")?.[1] ?? 0,
  );
  return maxAge > timing.clientCacheSeconds
    ? `its max-age is ${maxAge} s, and the plan counts on ${timing.clientCacheSeconds} (C)`
    : undefined;
}
