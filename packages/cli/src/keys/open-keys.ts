/** Opens what a configuration of keys names: the store, the back ends, and who acts. */

import { createReadStream } from "node:fs";
import { hostname, userInfo } from "node:os";
import path from "node:path";
import {
  createBackend,
  createJwks,
  FileKeyStore,
  type KeyBackend,
  type KeyLedger,
  KeyManager,
  type KeyStore,
  type KeyStoreOptions,
  type KeysConfiguration,
  RedisKeyStore,
  type RotationTiming,
  readKeysConfiguration,
  readSecret,
  SqliteKeyStore,
  writeJwksFile,
} from "@countersign/signing-keys";
import { ConfigurationError } from "countersign";
import { parseDocument } from "yaml";
import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-code.ts";
import { describeConfigurationError } from "../output/configuration-problems.ts";
import { readBounded } from "../read-bounded.ts";

export interface KeysFlags {
  readonly config: string;
  readonly actor?: string;
  readonly json?: true;
}

export interface OpenedKeys {
  readonly configuration: KeysConfiguration;
  readonly manager: KeyManager;
  /** Writes the JWKS file of the configuration, where it names one. Undefined where it does not. */
  publish(ledger: KeyLedger): Promise<boolean | undefined>;
  close(): Promise<void>;
}

const MAX_BYTES = 1_048_576;

/** @throws CommandFailure where the file cannot be read or used. */
async function loadKeysConfiguration(file: string): Promise<KeysConfiguration> {
  const text = await readBounded(createReadStream(file), { name: file, maxBytes: MAX_BYTES });
  const document = parseDocument(text, { uniqueKeys: true, maxAliasCount: 0 } as Parameters<
    typeof parseDocument
  >[1]);
  const [problem] = document.errors;
  if (problem !== undefined) {
    const [first = ""] = problem.message.split("\n");
    throw new CommandFailure(`${file} is no YAML: ${first}`, { exitCode: EXIT.usage });
  }
  try {
    return readKeysConfiguration(document.toJS({ maxAliasCount: 0 }), {
      folder: path.dirname(path.resolve(file)),
    });
  } catch (error) {
    throw error instanceof ConfigurationError ? describeConfigurationError(error, file) : error;
  }
}

export async function openKeys(
  flags: KeysFlags,
  { measured }: { readonly measured?: Partial<RotationTiming> | undefined } = {},
): Promise<OpenedKeys> {
  const configuration = await loadKeysConfiguration(flags.config);
  const { store, close } = await openStore(configuration.store);
  const backends: KeyBackend[] = [];
  const end = async (): Promise<void> => {
    await Promise.all([...backends.map((backend) => backend.close()), close()]);
  };
  try {
    for (const options of configuration.backends) backends.push(await createBackend(options));
    const actor = flags.actor ?? process.env["COUNTERSIGN_ACTOR"] ?? nameActor();
    const manager = new KeyManager({ store, backends, actor, ...(measured !== undefined && { measured }) });
    const { jwksFile } = configuration;
    return {
      configuration,
      manager,
      async publish(ledger) {
        return jwksFile === undefined
          ? undefined
          : writeJwksFile(jwksFile, createJwks(ledger, manager.nowMs));
      },
      close: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

interface OpenedStore {
  readonly store: KeyStore;
  close(): Promise<void>;
}

async function openStore(options: KeyStoreOptions): Promise<OpenedStore> {
  if (options.kind === "redis") return openRedisStore(options);
  const store =
    options.kind === "file" ? new FileKeyStore(options.path) : new SqliteKeyStore({ path: options.path });
  return { store, close: () => store.close() };
}

const CONNECT_TIMEOUT_MS = 5000;

async function openRedisStore(
  options: Extract<KeyStoreOptions, { readonly kind: "redis" }>,
): Promise<OpenedStore> {
  const { createClient } = await import("@redis/client");
  const { url, key } = options;
  const password =
    options.password && (await readSecret(options.password, { backend: "redis", what: "the password" }));
  const client = createClient({
    RESP: 2,
    url,
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
    disableOfflineQueue: true,
    ...(password !== undefined && { password }),
  });
  // What is wrong is told by the command that fails.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const detail = error instanceof Error ? error.message : "no connection";
    throw new CommandFailure(`Redis cannot be reached: ${detail}`, { exitCode: EXIT.unavailable });
  }
  const store = new RedisKeyStore({ client, ...(key !== undefined && { key }) });
  return { store, close: async () => client.destroy() };
}

function nameActor(): string {
  return `${userInfo().username}@${hostname()}`;
}
