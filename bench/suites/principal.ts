/** The claims of a token as a principal: what each token costs once, and tokens that come again not at all. */

import type { VerifiedToken } from "countersign";
import { createPermissionTable } from "countersign/policy";
import { PROFILES } from "../../packages/engine/src/issuers/profiles.ts";
import { type CompiledMapping, compileMapping } from "../../packages/engine/src/principal/compile-mapping.ts";
import { createPrincipal } from "../../packages/engine/src/principal/create-principal.ts";
import type { CaseResult } from "../bench-row.ts";
import { quantile } from "../measure/quantile.ts";
import { type Contender, race, type Slot } from "../measure/race.ts";
import { type BenchContext, IN_PROCESS_RACES, type Suite } from "./suite.ts";

/** Tokens made, then mapped, at a time: few enough to be in the caches, as the token of a request is. */
const CHUNK = 100;

/** As a realm of Keycloak makes them, of an ordinary size. */
const PAYLOAD = JSON.stringify({
  iss: "https://keycloak.example.com/realms/shop",
  sub: "f3b4b6f2-7d40-4b8a-9a5e-3a1c5d9a7f10",
  aud: ["orders", "account"],
  typ: "Bearer",
  azp: "shop",
  sid: "0f1e7c1b-5a86-4d0e-9a13-6f7ed2b1a0c4",
  acr: "1",
  auth_time: 1_795_446_000,
  realm_access: { roles: ["offline_access", "uma_authorization", "clerk"] },
  resource_access: { orders: { roles: ["editor", "reader"] }, account: { roles: ["view-profile"] } },
  groups: ["/staff", "/staff/orders"],
  scope: "openid email profile",
  preferred_username: "ada",
});

const PRESET = compileMapping(PROFILES.keycloak.principal, ["orders"]);

const TABLE = createPermissionTable({
  names: ["orders:read", "orders:write"],
  implies: { "orders:write": ["orders:read"] },
  grants: [{ to: ["orders:write"], roles: ["editor"] }],
});

const MAPPINGS: readonly (readonly [name: string, mapping: CompiledMapping])[] = [
  ["as by default", compileMapping()],
  ["a preset", PRESET],
  ["a preset and a table of permissions", TABLE.extendMapping(PRESET, { name: "main" })],
];

export const PRINCIPAL_SUITE: Suite = {
  name: "principal",
  title: "A principal made of a token's claims; the floor reads its issuer, subject and roles",
  run: measure,
};

async function* measure({ speed }: BenchContext): AsyncIterable<CaseResult> {
  for (const [name, mapping] of MAPPINGS) {
    const contenders = [
      compete("countersign", (token) => createPrincipal(token, mapping)),
      compete("floor", ({ claims }) =>
        Object.freeze({ issuer: claims.iss, subject: claims.sub, roles: claims["realm_access"] }),
      ),
    ];
    yield { suite: "principal", name, measurements: await race(contenders, IN_PROCESS_RACES[speed]) };
  }
}

type Make = (token: VerifiedToken) => { readonly subject: unknown };

function compete(subject: string, make: Make): Contender {
  return {
    subject,
    runtime: `node ${process.versions.node}`,
    runSlot: (slotMs) => Promise.resolve(runChunks(slotMs, make)),
  };
}

/** Timed by the wall, as look-ups are; a chunk in which the system took the processor away does not count. */
function runChunks(slotMs: number, make: Make): Slot {
  const micros: number[] = [];
  const endMs = performance.now() + slotMs;
  do {
    const tokens = Array.from({ length: CHUNK }, () => ({ claims: JSON.parse(PAYLOAD) }) as VerifiedToken);
    const switches = process.resourceUsage().involuntaryContextSwitches;
    const startedMs = performance.now();
    let made = 0;
    for (const token of tokens) if (make(token).subject !== undefined) made += 1;
    const spent = (performance.now() - startedMs) * 1000;
    if (made !== tokens.length) throw new Error(`of ${tokens.length} tokens ${made} have a principal`);
    if (process.resourceUsage().involuntaryContextSwitches === switches) micros.push(spent / tokens.length);
  } while (performance.now() < endMs || micros.length === 0);
  const operations = micros.length * CHUNK;
  const wallMicros = micros.reduce((sum, each) => sum + each * CHUNK, 0);
  micros.sort((left, right) => left - right);
  const [p50Micros, p99Micros] = [quantile(micros, 0.5), quantile(micros, 0.99)];
  return { operations, cpuMicros: wallMicros, wallMicros, p50Micros, p99Micros };
}
