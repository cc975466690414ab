/** What the drill turns keys in: sidecars, the identity provider with keys of a ledger, a cache before its JWKS. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type DevIdp, startDevIdp } from "@countersign/dev-idp";
import {
  createBackend,
  findActive,
  type KeyBackend,
  type KeyLedger,
  readLedger,
  SqliteKeyStore,
} from "@countersign/signing-keys";
import { startRedis } from "../../../packages/server/test/kit/start-redis.ts";
import { findFreePort } from "../../kit/free-port.ts";
import { awaitReady } from "../revocation/faults.ts";
import { Instance } from "../revocation/instance.ts";
import { type JwksOrigin, startJwksOrigin } from "./jwks-origin.ts";
import { runKeys } from "./keys-command.ts";
import { TIMING } from "./timing.ts";

export interface World {
  readonly configuration: string;
  readonly instances: readonly Instance[];
  readonly origin: JwksOrigin;
  readonly idp: DevIdp;
  readonly backend: KeyBackend;
  readLedger(): Promise<KeyLedger>;
  /** The kid that signs, by the ledger. */
  activeKid(): Promise<string>;
  /** A token as a thief of the key makes it: good for an hour. */
  steal(keyId: string): Promise<string>;
}

const AUDIENCE = "https://api.countersign.test";

export async function startWorld(
  count: number,
  onStop: (stop: () => Promise<unknown>) => void,
): Promise<World> {
  const folder = await mkdtemp(path.join(tmpdir(), "countersign-rotation-"));
  onStop(() => rm(folder, { recursive: true, force: true }));
  const port = await findFreePort();
  const issuer = `http://127.0.0.1:${port}`;
  const configuration = path.join(folder, "keys.yaml");
  const passphrase = { file: path.join(folder, "passphrase") };
  await writeFile(passphrase.file, "a passphrase of a drill\n", { mode: 0o600 });
  const settings = {
    issuer,
    store: { sqlite: "ledger.db" },
    backend: { backend: "file", directory: "private", passphrase, scryptCost: 32768 },
    timing: TIMING,
    maxAgeSeconds: 1,
    // Signers have switched long before the private half goes.
    retentionSeconds: 2,
  };
  // JSON is YAML.
  await writeFile(configuration, JSON.stringify(settings));
  await runKeys(configuration, ["init"]);
  const store = new SqliteKeyStore({ path: path.join(folder, "ledger.db") });
  onStop(() => store.close());
  const backend = await createBackend({
    backend: "file",
    directory: path.join(folder, "private"),
    passphrase,
    scryptCost: 32768,
  });
  onStop(() => backend.close());
  const idp = await startDevIdp({
    port,
    keys: { store, backends: [backend], intervalMs: 100 },
    accessTokenTtlSeconds: TIMING.tokenLifetimeSeconds,
    jwksMaxAgeSeconds: 1,
    log: () => undefined,
  });
  onStop(() => idp.close());
  const origin = await startJwksOrigin(idp.jwksUri);
  onStop(() => origin.close());
  const instances = await startInstances({ count, folder, issuer, jwksUri: origin.cachedUrl, onStop });
  const verifiers = instances.map(({ name, admin }) => {
    return { name, admin, apiTokenFile: path.join(folder, `${name}.token`) };
  });
  const jwksUrls = [origin.url, origin.cachedUrl];
  const canary = { claims: { aud: AUDIENCE } };
  await writeFile(configuration, JSON.stringify({ ...settings, verifiers, jwksUrls, canary }));
  const read = async (): Promise<KeyLedger> => readLedger((await store.read())?.text ?? "");
  return {
    configuration,
    instances,
    origin,
    idp,
    backend,
    readLedger: read,
    activeKid: async () => findActive(await read())?.keyId ?? "",
    steal: async (keyId) => steal({ ledger: await read(), keyId, backend }),
  };
}

interface Fleet {
  readonly count: number;
  readonly folder: string;
  readonly issuer: string;
  readonly jwksUri: string;
  readonly onStop: (stop: () => Promise<unknown>) => void;
}

async function startInstances(fleet: Fleet): Promise<readonly Instance[]> {
  const { count, folder, issuer, jwksUri, onStop } = fleet;
  const redis = await startRedis();
  onStop(() => redis.stop());
  const keys = {
    jwksUri,
    insecureLoopbackHttp: true,
    cooldownSeconds: 1,
    minRefreshSeconds: 1,
    maxRefreshSeconds: 1,
    maxStaleSeconds: TIMING.staleSeconds,
    removalGraceSeconds: 0,
  };
  const clockToleranceSeconds = TIMING.leewaySeconds;
  const trusted = { issuer, name: "main", audiences: [AUDIENCE], keys, clockToleranceSeconds };
  const instances = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      Instance.start({
        name: `s-${index + 1}`,
        issuer: trusted,
        redisUrl: redis.url,
        tokenFile: path.join(folder, `s-${index + 1}.token`),
        maxStaleSeconds: 3,
        skewMs: 0,
      }),
    ),
  );
  for (const instance of instances) onStop(() => instance.stop());
  await Promise.all(instances.map(awaitReady));
  return instances;
}

async function steal({
  ledger,
  keyId,
  backend,
}: {
  readonly ledger: KeyLedger;
  readonly keyId: string;
  readonly backend: KeyBackend;
}): Promise<string> {
  const key = ledger.keys.find((each) => each.keyId === keyId);
  if (key === undefined) throw new Error("there is no such key to steal");
  const signer = await backend.open(key.reference);
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ledger.issuer,
    aud: AUDIENCE,
    sub: "thief",
    jti: `stolen-${iat}`,
    iat,
    exp: iat + 3600,
  };
  const input = [{ alg: signer.algorithm, typ: "at+jwt", kid: keyId }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = await signer.sign(Buffer.from(input));
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}
