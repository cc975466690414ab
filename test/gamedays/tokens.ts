/** Game days about tokens: F1 signatures, F2 expiry and clocks, F4 audiences, F8 what is no token at all. */

import { readFile } from "node:fs/promises";
import type { Harm } from "./harm.ts";
import { above, shows } from "./harm.ts";
import type { Scene } from "./scene.ts";
import { Stream } from "./stream.ts";

const VALIDATIONS = "countersign_validations_total";
const HOUR_SECONDS = 3600;

/** The same tokens in turn. */
function inTurn(tokens: readonly string[]): () => string {
  let next = 0;
  return () => tokens[next++ % tokens.length] ?? "";
}

/** One stream of these tokens for each instance. */
function pour(scene: Scene, tokens: readonly string[], pauseMs: number): readonly Stream[] {
  return scene.instances.map((instance) => {
    const stream = new Stream(instance, { token: inTurn(tokens), pauseMs });
    scene.onStop(() => stream.stop());
    return stream;
  });
}

async function stopAll(streams: readonly Stream[]): Promise<void> {
  await Promise.all(streams.map((stream) => stream.stop()));
}

/** Bad tokens from somewhere until whoever sends them is found; `seen` is the reason that they are refused for. */
function createFlood(
  parts: Omit<Harm, "begin" | "healedBy"> & {
    readonly reason: string;
    readonly pauseMs: number;
    readonly make: (scene: Scene) => Promise<readonly string[]>;
    readonly findFaults?: (scene: Scene) => Promise<() => Promise<readonly string[]>>;
  },
): Harm {
  const { reason, pauseMs, make, findFaults, ...harm } = parts;
  return {
    ...harm,
    healedBy: "whoever sends them is found and stopped; the sidecars need nothing",
    async begin(scene) {
      const tokens = await make(scene);
      const faults = await findFaults?.(scene);
      const bad = pour(scene, tokens, pauseMs);
      return {
        isSeen: () => shows(scene.instances, above(VALIDATIONS, `reason="${reason}"`)),
        heal: () => stopAll(bad),
        bad,
        ...(faults && { findFaults: faults }),
      };
    },
  };
}

/** With other bits in one octet of the signature. */
function flip(token: string, at: number): string {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const octets = Buffer.from(signature, "base64url");
  octets[at % octets.length] = (octets[at % octets.length] ?? 0) ^ 0x55;
  return [head, payload, octets.toString("base64url")].join(".");
}

const SIGNATURES = createFlood({
  id: "F1-signature",
  title: "Tokens whose signatures were damaged",
  alert: { name: "CountersignSignatureInvalidSpike" },
  reason: "signature_invalid",
  pauseMs: 20,
  make: async ({ issuer }) => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issuer.sign()));
    return tokens.map(flip);
  },
});

const CONFUSION = createFlood({
  id: "F1-algorithm",
  title: "Tokens without a signature, and with the public key taken for a secret",
  alert: { name: "CountersignMalformedFlood" },
  explained: ["CountersignSignatureInvalidSpike"],
  reason: "algorithm_not_allowed",
  pauseMs: 5,
  make: ({ issuer }) =>
    Promise.all([issuer.tokens.algNone(), issuer.tokens.algNoneSigned(), issuer.tokens.hmacWithPublicKey()]),
});

const SAME_KID: Harm = {
  id: "F1-same-kid",
  title: "The issuer signs with another key under the same kid",
  alert: { name: "CountersignSignatureInvalidSpike" },
  explained: ["CountersignUnknownKid"],
  healedBy:
    "the verifiers fetch the key set again by themselves, and the tokens of the old key are no longer sent",
  async begin(scene) {
    const { issuer, instances } = scene;
    const old = await issuer.sign({ exp: Math.floor(Date.now() / 1000) + HOUR_SECONDS, jti: "old" });
    const key = issuer.key("ES256");
    // The steady clients keep the algorithm whose key stays.
    const bad = pour(scene, [flip(old, 3), flip(old, 7)], 20);
    await issuer.rotate("ES256", { keyId: key.keyId, keepOld: false });
    const fresh = await issuer.sign(
      { exp: Math.floor(Date.now() / 1000) + HOUR_SECONDS },
      { algorithm: "ES256" },
    );
    const hurt = pour(scene, [fresh], 50);
    return {
      isSeen: () => shows(instances, above(VALIDATIONS, 'reason="signature_invalid"')),
      heal: () => stopAll(bad),
      isHealed: async () => {
        const answers = await Promise.all(instances.map((instance) => instance.decide(fresh)));
        return answers.every((status) => status === 200);
      },
      bad,
      hurt,
    };
  },
  scene: { algorithms: ["RS256", "ES256"] },
};

const CLOCK_SKEW_MS = 45_000;

const DRIFT: Harm = {
  id: "F2-drift",
  title: "The clock of one instance is 45 seconds ahead",
  alert: { name: "CountersignClockSkewCritical", instance: "chosen" },
  explained: ["CountersignClockSkew"],
  healedBy: "the clock is set again",
  begin: ({ chosen }) => {
    chosen.setClock(CLOCK_SKEW_MS);
    return Promise.resolve({
      isSeen: async () =>
        /^countersign_clock_skew_seconds\{[^}]*\} -?(?:[3-9]\d)/m.test(await chosen.metrics()),
      heal: () => chosen.setClock(0),
    });
  },
};

const STALE_CLIENTS = createFlood({
  id: "F2-expired",
  title: "Clients send tokens that have expired",
  alert: { name: "CountersignExpiredRateHigh" },
  targetAlertMs: 10_000,
  reason: "token_expired",
  pauseMs: 20,
  make: async ({ issuer }) => {
    const now = Math.floor(Date.now() / 1000);
    return [await issuer.sign({ iat: now - 2 * HOUR_SECONDS, exp: now - HOUR_SECONDS })];
  },
});

const AUDIENCE = createFlood({
  id: "F4-audience",
  title: "Tokens for a sibling API",
  alert: { name: "CountersignAudienceMismatchSpike" },
  reason: "audience_mismatch",
  pauseMs: 20,
  make: async ({ issuer }) => [await issuer.sign({ aud: "https://sibling.test" })],
});

const MOST_GROWTH_KIB = 51_200;

const MALFORMED = createFlood({
  id: "F8-malformed",
  title: "A flood of what is no token",
  alert: { name: "CountersignMalformedFlood" },
  explained: ["CountersignSignatureInvalidSpike"],
  reason: "malformed_token",
  pauseMs: 2,
  make: async ({ issuer }) => {
    const { tokens } = issuer;
    const made = await Promise.all([
      ...[tokens.duplicateMember(), tokens.deepPayload(), tokens.arrayPayload(), tokens.invalidUtf8()],
      ...[
        tokens.paddedSignature(),
        tokens.nonCanonicalSignature(),
        tokens.prototypeMember(),
        tokens.encrypted(),
      ],
    ]);
    const valid = await issuer.sign();
    const cut = Array.from({ length: 50 }, (_, index) => valid.slice(0, 7 * index + 1));
    return [...made, ...cut, "a.b.c", `${valid}.x.y`, "A".repeat(9000)];
  },
  findFaults: async ({ instances }) => {
    const [series, memory] = await Promise.all([countSeries(instances), readMemory(instances)]);
    return async () => {
      const [seriesNow, memoryNow] = await Promise.all([countSeries(instances), readMemory(instances)]);
      // Each reason that comes for the first time is a series.
      const grown = Math.max(...memoryNow.map((kib, index) => kib - (memory[index] ?? 0)));
      return [
        ...(seriesNow <= series + 30 * instances.length ? [] : [`${seriesNow - series} new series`]),
        ...(grown < MOST_GROWTH_KIB ? [] : [`memory grew by ${grown} KiB`]),
      ];
    };
  },
});

async function countSeries(instances: Scene["instances"]): Promise<number> {
  const texts = await Promise.all(instances.map((instance) => instance.metrics()));
  return texts
    .join("\n")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#")).length;
}

/** Resident, in KiB. */
async function readMemory(instances: Scene["instances"]): Promise<readonly number[]> {
  return Promise.all(
    instances.map(async ({ pid }) => {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
    }),
  );
}

export const TOKEN_HARMS: readonly Harm[] = [
  ...[SIGNATURES, CONFUSION, SAME_KID, DRIFT, STALE_CLIENTS, AUDIENCE, MALFORMED],
];
