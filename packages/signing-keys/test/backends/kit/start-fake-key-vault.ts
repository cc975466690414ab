/** Azure Key Vault as its REST reference has it: over TLS, asking for a token by a challenge, with soft delete. */

import { createClientCertificate } from "countersign/testing";
import { createServiceKey, type DigestName, joinNumbers, type ServiceKey } from "./service-key.ts";
import {
  answerJson,
  type FakeAnswer,
  type FakeRequest,
  type FakeService,
  startFakeService,
} from "./start-fake-service.ts";

export interface FakeKeyVault extends FakeService {
  readonly vaultUrl: string;
  readonly host: string;
  readonly certificate: string;
  readonly accessToken: string;
  disable(id: string): void;
  /** Makes a further version, as an operator who rotates by hand. */
  rotate(name: string): void;
}

interface VaultVersion {
  readonly id: string;
  readonly kty: string;
  readonly key: ServiceKey;
  readonly keyOps: unknown;
  enabled: boolean;
}

interface VaultState {
  readonly origin: () => string;
  readonly resource: string;
  readonly accessToken: string;
  readonly keys: Map<string, VaultVersion[]>;
  readonly deleted: Map<string, VaultVersion[]>;
}

const DOMAIN = "countersign.test";
const CURVES = ["P-256", "P-384", "P-521"] as const;
const ALGORITHM = /^(?<family>RS|PS|ES)(?<bits>256|384|512)$/;

export async function startFakeKeyVault(): Promise<FakeKeyVault> {
  const host = `vault.${DOMAIN}`;
  const { pem, privateKeyPem } = await createClientCertificate({ name: host });
  let origin = "";
  const state: VaultState = {
    origin: () => origin,
    resource: `https://${DOMAIN}`,
    accessToken: `eyJ.${crypto.randomUUID()}`,
    keys: new Map(),
    deleted: new Map(),
  };
  const service = await startFakeService({
    tls: { certificate: pem, privateKey: privateKeyPem },
    answer: (request) => answerVault(request, state),
  });
  origin = service.url.replace("127.0.0.1", host);
  const find = (name: string): VaultVersion[] => {
    const versions = state.keys.get(name);
    if (versions === undefined) throw new Error(`no key ${name}`);
    return versions;
  };
  return Object.assign(service, {
    vaultUrl: origin,
    host,
    certificate: pem,
    accessToken: state.accessToken,
    disable: (id: string) => {
      const version = [...state.keys.values()].flat().find((each) => each.id === id);
      if (version === undefined) throw new Error(`no version ${id}`);
      version.enabled = false;
    },
    rotate: (name: string) => {
      const versions = find(name);
      const [first] = versions;
      if (first !== undefined)
        versions.push({ ...first, ...createVersion(name, { state, key: createServiceKey(first.key.kind) }) });
    },
  });
}

export function refuseVault(status: number, code: string): FakeAnswer {
  return answerJson(status, { error: { code, message: `${code}, says the fake` } });
}

function answerVault({ method, target, headers, body }: FakeRequest, state: VaultState): FakeAnswer {
  if (headers["authorization"] !== `Bearer ${state.accessToken}`) {
    const challenge = `Bearer authorization="https://login.${DOMAIN}/tenant", resource="${state.resource}"`;
    return { ...refuseVault(401, "Unauthorized"), headers: { "www-authenticate": challenge } };
  }
  const url = new URL(target, "http://fake");
  if (!/^\d{4}-\d\d-\d\d$|^7\.\d$/.test(url.searchParams.get("api-version") ?? "")) {
    return refuseVault(400, "BadParameter");
  }
  const [root, name = "", second = "", verb = ""] = url.pathname.slice(1).split("/");
  const parameters = body === "" ? {} : (JSON.parse(body) as Record<string, unknown>);
  if (root === "deletedkeys") {
    const gone = state.deleted.get(name)?.at(-1);
    return gone === undefined ? refuseVault(404, "KeyNotFound") : answerJson(200, describeDeleted(gone));
  }
  if (method === "POST" && second === "create") return answerCreate(name, { state, parameters });
  const versions = state.keys.get(name) ?? [];
  const version = second === "" ? versions.at(-1) : versions.find(({ id }) => id.endsWith(`/${second}`));
  if (version === undefined) return refuseVault(404, "KeyNotFound");
  if (method === "GET") return answerJson(200, describe(version));
  if (method === "DELETE") {
    state.deleted.set(name, versions);
    state.keys.delete(name);
    return answerJson(200, describeDeleted(version));
  }
  return verb === "sign" ? answerSign(version, parameters) : refuseVault(405, "MethodNotAllowed");
}

function createVersion(
  name: string,
  { state, key }: { readonly state: VaultState; readonly key: ServiceKey },
): Pick<VaultVersion, "id" | "key" | "enabled"> {
  const version = crypto.randomUUID().replaceAll("-", "");
  return { id: `${state.origin()}/keys/${name}/${version}`, key, enabled: true };
}

function answerCreate(
  name: string,
  { state, parameters }: { readonly state: VaultState; readonly parameters: Record<string, unknown> },
): FakeAnswer {
  if (state.deleted.has(name)) return refuseVault(409, "Conflict");
  const { kty, key_size: bits, crv, key_ops: keyOps } = parameters;
  const curve = CURVES.find((each) => each === crv);
  const isRsa = String(kty).startsWith("RSA");
  if (!isRsa && curve === undefined) return refuseVault(400, "BadParameter");
  const key = isRsa || curve === undefined ? createServiceKey("rsa", Number(bits)) : createServiceKey(curve);
  const version: VaultVersion = { ...createVersion(name, { state, key }), kty: String(kty), keyOps };
  state.keys.set(name, [...(state.keys.get(name) ?? []), version]);
  return answerJson(200, describe(version));
}

function describe({ id, kty, key, keyOps, enabled }: VaultVersion): Record<string, unknown> {
  const { kty: _kty, ...members } = key.publicKey.export({ format: "jwk" });
  return {
    key: { kid: id, kty, key_ops: keyOps, ...members },
    attributes: { enabled, created: 1_700_000_000, updated: 1_700_000_000, recoveryLevel: "Recoverable" },
  };
}

function describeDeleted(version: VaultVersion): Record<string, unknown> {
  return {
    ...describe(version),
    recoveryId: version.id.replace("/keys/", "/deletedkeys/"),
    deletedDate: 1_700_000_000,
    scheduledPurgeDate: 1_707_776_000,
  };
}

function answerSign(
  { id, kty, key, enabled }: VaultVersion,
  parameters: Record<string, unknown>,
): FakeAnswer {
  if (!enabled) return refuseVault(403, "Forbidden");
  const { family = "", bits = "" } = ALGORITHM.exec(String(parameters["alg"]))?.groups ?? {};
  const digest = Buffer.from(String(parameters["value"]), "base64url");
  if (family === "" || digest.length !== Number(bits) / 8 || (family === "ES") !== kty.startsWith("EC")) {
    return refuseVault(400, "BadParameter");
  }
  const hash = `sha${bits}` as DigestName;
  const signature = sign(key, { family, digest, hash });
  return answerJson(200, { kid: id, value: signature.toString("base64url") });
}

function sign(
  key: ServiceKey,
  { family, digest, hash }: { readonly family: string; readonly digest: Buffer; readonly hash: DigestName },
): Buffer {
  if (family === "ES") return joinNumbers(key.signEcdsa(digest), key.kind);
  return family === "PS"
    ? key.signPss(digest, { hash, saltBytes: digest.length })
    : key.signPkcs1(digest, hash);
}
