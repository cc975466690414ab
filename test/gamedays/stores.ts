/** Game days about what is used up, written down and switched off: F5 partial validation, F6 CPU, F7 replay, F10 audit. */

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { FaultProxy } from "../../packages/cli/src/gameday/faults/fault-proxy.ts";
import { startRedis } from "../../packages/server/test/kit/start-redis.ts";
import { above, type Harm, shows } from "./harm.ts";
import type { OnStop } from "./scenario.ts";
import { Stream } from "./stream.ts";

const VALIDATIONS = "countersign_validations_total";
const ONCE = [{ path: "/once", allow: "authenticated", singleUse: true }];

/** A Redis behind a fault proxy, for the uses of all instances. */
async function startReplayStore(
  onStop: OnStop,
): Promise<{ readonly way: FaultProxy; readonly more: object }> {
  const redis = await startRedis();
  onStop(() => redis.stop());
  const way = await FaultProxy.start({ targetPort: redis.port });
  onStop(() => way.stop());
  return { way, more: { replay: { store: { redis: { urls: [`redis://127.0.0.1:${way.port}`] } } } } };
}

/** The same few tokens for one use on every instance: after the first use none of them may pass anywhere. */
const REPLAY: Harm = {
  id: "F7-replay",
  title: "Tokens for one use are sent again, to other instances as well",
  alert: { name: "CountersignReplayDetected" },
  healedBy: "whoever sends them is found and stopped; the sidecars need nothing",
  prepare: startReplayStore,
  scene: { routes: ONCE },
  async begin({ issuer, instances, onStop }) {
    const tokens = await Promise.all(Array.from({ length: 5 }, () => issuer.sign()));
    let firstUses = 0;
    for (const token of tokens) {
      // At the same moment everywhere: one of them wins.
      const answers = await Promise.all(instances.map((instance) => instance.decide(token, "/once")));
      firstUses += answers.filter((status) => status === 200).length;
    }
    let next = 0;
    const bad = instances.map((instance) => {
      const token = (): string => tokens[next++ % tokens.length] ?? "";
      return new Stream(instance, { token, pauseMs: 30, path: "/once" });
    });
    for (const stream of bad) onStop(() => stream.stop());
    return {
      isSeen: () => shows(instances, above(VALIDATIONS, 'reason="token_replayed"')),
      async heal() {
        await Promise.all(bad.map((stream) => stream.stop()));
      },
      bad,
      countAccepted: () => Math.abs(firstUses - tokens.length),
    };
  },
};

/** Nothing can be checked for its first use: nothing passes, and nobody is told that the token is bad. */
const STORE_AWAY: Harm = {
  id: "F5-store",
  title: "The store of uses is away: one of the checks cannot be made",
  alert: { name: "CountersignCannotJudge" },
  explained: [
    "CountersignReplayStoreLost",
    // The token that is sent on is one that was used: told as such again, once that can be known.
    "CountersignReplayDetected",
    "CountersignValidationErrorBudgetBurn",
    "CountersignValidationErrorHalfBudgetInADay",
    "CountersignValidationLatencyBudgetBurn",
    "CountersignValidationLatencyHalfBudgetInADay",
  ],
  healedBy: "the way to the store is mended; every instance connects again by itself",
  prepare: startReplayStore,
  scene: { routes: ONCE },
  async begin({ issuer, instances, onStop, prepared }) {
    const { way } = prepared as { readonly way: FaultProxy };
    const used = await issuer.sign({ jti: "used-before" });
    for (const instance of instances) await instance.decide(used, "/once");
    await way.down();
    // Each waits for the store as long as the sidecar does, so that a few would be lost among the steady clients.
    const asking = instances.flatMap((instance) =>
      Array.from({ length: WAITING }, () => {
        return new Stream(instance, { token: () => used, pauseMs: 30, path: "/once" });
      }),
    );
    for (const stream of asking) onStop(() => stream.stop());
    return {
      isSeen: () => shows(instances, above(VALIDATIONS, 'reason="replay_store_unavailable"')),
      heal: () => way.up(),
      async isHealed() {
        const answers = await Promise.all(instances.map((instance) => instance.decide(used, "/once")));
        return answers.every((status) => status === 401);
      },
      // It was used before: no answer but a refusal is right, whatever the store does.
      bad: asking,
    };
  },
};

/** Somebody takes a check out of one instance's file, and breaks the file of another. */
const SWITCHED_OFF: Harm = {
  id: "F5-configuration",
  title: "A file without the audience, for all instances",
  alert: { name: "CountersignConfigurationRefused", instance: "chosen" },
  healedBy: "nothing was in force; the file as it was is read again",
  async begin({ chosen, instances, issuer, onStop, configurationOf }) {
    for (const instance of instances) {
      const { issuers, ...rest } = configurationOf(instance.name) as { issuers: readonly object[] };
      instance.reload({ ...rest, issuers: issuers.map((one) => ({ ...one, audiences: undefined })) });
    }
    const token = await issuer.sign({ aud: "https://sibling.test" });
    const bad = instances.map((instance) => new Stream(instance, { token: () => token, pauseMs: 500 }));
    for (const stream of bad) onStop(() => stream.stop());
    return {
      isSeen: () => shows([chosen], above("countersign_config_reloads_total", 'result="refused"')),
      heal() {
        for (const instance of instances) instance.reload(configurationOf(instance.name));
      },
      bad,
    };
  },
  explained: ["CountersignAudienceMismatchSpike"],
};

const WAITING = 16;
const TOKENS = 400;
const CONNECTIONS = 8;

/** Distinct tokens whose signatures are dear, on one instance, with nothing to remember them by. */
const CPU: Harm = {
  id: "F6-cpu",
  title: "A flood of tokens whose signatures are dear, on one instance",
  alert: { name: "CountersignCryptoCpuHigh", instance: "chosen" },
  targetAlertMs: 15_000,
  explained: [
    "CountersignEventLoopLag",
    "CountersignLoadShed",
    "CountersignCacheHitRateLow",
    "CountersignSignatureInvalidSpike",
    "CountersignCannotJudge",
    "CountersignValidationErrorBudgetBurn",
    "CountersignValidationLatencyBudgetBurn",
    "CountersignValidationLatencyHalfBudgetInADay",
  ],
  healedBy: "whoever sends them is found and stopped; the sidecar needs nothing",
  scene: { algorithms: ["ES512"] },
  async begin({ issuer, chosen, onStop }) {
    const signed = await Promise.all(Array.from({ length: TOKENS }, () => issuer.sign()));
    // A signature of another token: the whole work of verifying, and nothing that could be remembered as good.
    const tokens = signed.map((token, index) => {
      const [header, payload] = token.split(".");
      return `${header}.${payload}.${signed[(index + 1) % TOKENS]?.split(".")[2]}`;
    });
    let next = 0;
    const bad = Array.from({ length: CONNECTIONS }, () => {
      return new Stream(chosen, { token: () => tokens[next++ % TOKENS] ?? "", pauseMs: 0 });
    });
    for (const stream of bad) onStop(() => stream.stop());
    return {
      isSeen: () => shows([chosen], above(VALIDATIONS, 'reason="signature_invalid"')),
      async heal() {
        await Promise.all(bad.map((stream) => stream.stop()));
      },
      bad,
    };
  },
};

/** A collector that takes what it is sent, behind a fault proxy. */
async function startCollector(onStop: OnStop): Promise<{ readonly way: FaultProxy; readonly more: object }> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onStop(async () => {
    server.closeAllConnections();
    server.close();
  });
  const way = await FaultProxy.start({ targetPort: (server.address() as AddressInfo).port });
  onStop(() => way.stop());
  const webhook = { url: `http://127.0.0.1:${way.port}/events`, timeoutMs: 300 };
  const denials = { perSecond: 1000, burst: 1000 };
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-gameday-audit-"));
  onStop(() => rm(folder, { recursive: true, force: true }));
  const pseudonymKeyFile = path.join(folder, "pseudonyms.key");
  return { way, more: { audit: { webhook, pseudonymKeyFile, queueEvents: 16, denials } } };
}

const AUDIT: Harm = {
  id: "F10-audit",
  title: "The collector of the audit trail takes nothing",
  alert: { name: "CountersignAuditLoss", instance: "chosen" },
  explained: ["CountersignAudienceMismatchSpike"],
  targetAlertMs: 10_000,
  healedBy: "the way to the collector is mended; what comes from then on is written",
  prepare: startCollector,
  async begin({ issuer, instances, chosen, onStop, prepared }) {
    const { way } = prepared as { readonly way: FaultProxy };
    const token = await issuer.sign({ aud: "https://sibling.test" });
    await way.down();
    const bad = instances.map((instance) => new Stream(instance, { token: () => token, pauseMs: 20 }));
    for (const stream of bad) onStop(() => stream.stop());
    return {
      isSeen: () => shows([chosen], above("countersign_audit_events_total", 'result="dropped"')),
      async heal() {
        await way.up();
        await Promise.all(bad.map((stream) => stream.stop()));
      },
      bad,
    };
  },
};

export const STORE_HARMS: readonly Harm[] = [STORE_AWAY, SWITCHED_OFF, CPU, REPLAY, AUDIT];
