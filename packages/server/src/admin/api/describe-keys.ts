/** The keys of one issuer as an instance judges with them, from the documents that it holds. */

import type { IssuerOptions, RevocationList } from "countersign";

import { nameIssuer } from "../../config/issuer-alias.ts";
import type { KeySightings } from "../../telemetry/key-sightings.ts";
import { type CountedKey, hashKeys, type Jwk, listCountedKeys, readText } from "../counted-keys.ts";
import type { HeldKeys } from "../held-keys.ts";
import type { DescribedIssuer, DescribedKey } from "./key-forms.ts";

export interface KeysDescription {
  readonly held: HeldKeys;
  readonly sightings: Pick<KeySightings, "uses" | "source">;
  readonly list: Pick<RevocationList, "find">;
  readonly nowMs: number;
}

/** Later than any revocation of something else than a key reaches. */
const LATEST_IAT = 2 ** 32;

export function describeIssuerKeys(issuer: IssuerOptions, description: KeysDescription): DescribedIssuer {
  const { held, sightings, nowMs } = description;
  const name = nameIssuer(issuer);
  const set = held.issuers.get(name);
  const keys = listIssuerKeys(issuer, { held, nowMs });
  const { fetchedAtMs, clockSkewSeconds } = sightings.source(name);
  return {
    name,
    issuer: issuer.issuer,
    source: set === undefined ? "configured" : "fetched",
    keySetHash: keys.length === 0 ? null : hashKeys(keys.map(({ jwk }) => jwk)),
    processesUpToDate: set?.upToDate ?? held.processes.answered,
    fetchedAtMs: fetchedAtMs ?? null,
    freshUntilMs: set === undefined ? null : finite(set.keys.freshUntil),
    usableUntilMs: set === undefined ? null : finite(set.keys.usableUntil),
    isFailing: set?.keys.isFailing ?? false,
    clockSkewSeconds: clockSkewSeconds ?? null,
    keys: describeEach(issuer, { keys, description }),
  };
}

/** The public keys of an issuer that count now, fetched or configured. */
export function listIssuerKeys(
  issuer: IssuerOptions,
  { held, nowMs }: Pick<KeysDescription, "held" | "nowMs">,
): readonly CountedKey[] {
  const set = held.issuers.get(nameIssuer(issuer));
  if (set !== undefined) return listCountedKeys(set.keys, nowMs);
  return readStatic(issuer).map((jwk): CountedKey => ({ jwk, state: "current" }));
}

function describeEach(
  issuer: IssuerOptions,
  { keys, description }: { readonly keys: readonly CountedKey[]; readonly description: KeysDescription },
): readonly DescribedKey[] {
  const { sightings, list } = description;
  const name = nameIssuer(issuer);
  const uses = new Map(
    sightings
      .uses()
      .filter((use) => use.issuer === name)
      .map(({ keyId, atMs }) => [keyId, atMs]),
  );
  const known = keys.map(({ jwk, state }): DescribedKey => {
    const keyId = readText(jwk, "kid");
    const status = keyId === null ? undefined : findStatus(list, { issuer: issuer.issuer, keyId });
    return {
      keyId,
      algorithm: readText(jwk, "alg"),
      keyType: readText(jwk, "kty"),
      state: status ?? state,
      isPublished: true,
      lastUsedAtMs: uses.get(keyId ?? "") ?? null,
    };
  });
  const names = new Set(known.map(({ keyId }) => keyId ?? ""));
  const gone = [...uses].filter(([keyId]) => !names.has(keyId));
  return [
    ...known,
    ...gone.map(([keyId, lastUsedAtMs]): DescribedKey => {
      const status = findStatus(list, { issuer: issuer.issuer, keyId });
      const id = keyId === "" ? null : keyId;
      return {
        keyId: id,
        algorithm: null,
        keyType: null,
        state: status ?? "gone",
        isPublished: false,
        lastUsedAtMs,
      };
    }),
  ];
}

/** Whether tokens of this key are refused whatever a key set says. */
function findStatus(
  list: Pick<RevocationList, "find">,
  { issuer, keyId }: { readonly issuer: string; readonly keyId: string },
): "revoked" | "suspended" | undefined {
  return list.find({ claims: { iss: issuer, iat: LATEST_IAT }, keyId });
}

function readStatic({ keys }: IssuerOptions): readonly Jwk[] {
  if (!("jwks" in keys)) return [];
  const { keys: listed } = keys.jwks as { readonly keys?: readonly Jwk[] };
  return listed ?? [];
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? Math.floor(value) : null;
}
