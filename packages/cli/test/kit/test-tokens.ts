import { createPrivateKey, sign } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The key of RFC 8037 appendix A, so that tokens, and with them the printed texts, are always the same.
const PUBLIC_JWK = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } as const;
const PRIVATE_KEY = createPrivateKey({
  key: { ...PUBLIC_JWK, d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" },
  format: "jwk",
});

export const KEY_ID = "key-2026-01";
export const JWKS: { readonly keys: readonly object[] } = {
  keys: [{ ...PUBLIC_JWK, kid: KEY_ID, use: "sig", alg: "Ed25519" }],
};

export const ISSUER = "https://idp.example.com/";
export const AUDIENCE = "https://api.example.com";

/** 2026-01-15 12:00:00 UTC, in seconds: the time as of which tests decide. */
export const NOW_SECONDS = 1_768_478_400;
export const AT: readonly string[] = ["--at", String(NOW_SECONDS)];

const DEFAULT_CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: "user-1",
  client_id: "orders-app",
  scope: "orders:read orders:write",
  iat: NOW_SECONDS - 60,
  exp: NOW_SECONDS + 240,
};

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}

/** A token with exactly this header and payload text, signed by the test key. */
export function signText(headerText: string, payloadText: string): string {
  const signed = `${encode(headerText)}.${encode(payloadText)}`;
  return `${signed}.${sign(null, Buffer.from(signed), PRIVATE_KEY).toString("base64url")}`;
}

/** A good access token, with these claims put over the usual ones. */
export function signToken(claims: Readonly<Record<string, unknown>> = {}): string {
  return signText(
    JSON.stringify({ alg: "Ed25519", kid: KEY_ID, typ: "at+jwt" }),
    JSON.stringify({ ...DEFAULT_CLAIMS, ...claims }),
  );
}

/** The token with one bit of its signature changed. */
export function breakSignature(token: string): string {
  const dot = token.lastIndexOf(".") + 1;
  const signature = Buffer.from(token.slice(dot), "base64url");
  signature[0] = (signature[0] ?? 0) ^ 1;
  return token.slice(0, dot) + signature.toString("base64url");
}

export interface TestFolder {
  readonly path: string;
  write(name: string, text: string): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createTestFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), "countersign-test-"));
  return {
    path,
    async write(name, text) {
      await writeFile(join(path, name), text);
      return join(path, name);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Flags that trust the test issuer alone, as of the test time. */
export async function describeTestIssuer(folder: TestFolder): Promise<readonly string[]> {
  const jwks = await folder.write("jwks.json", JSON.stringify(JWKS));
  return ["--issuer", ISSUER, "--audience", AUDIENCE, "--jwks", jwks, ...AT];
}

/** True where a text repeats any twelve characters in a row of a token. */
export function containsTokenBytes(text: string, token: string): boolean {
  for (let index = 0; index + 12 <= token.length; index += 1) {
    if (text.includes(token.slice(index, index + 12))) return true;
  }
  return false;
}
