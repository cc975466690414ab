/** Ready-made DPoP proofs: good ones, and ones that break one rule of RFC 9449 section 4.3 each. */

import { ALGORITHMS } from "../algorithms.ts";
import type { ReasonName } from "../reasons.ts";
import { type DpopClient, hashToken, type ProofChanges, type ProvedRequest } from "./dpop-client.ts";
import { encodeBase64url, toBytes } from "./encode-base64url.ts";
import { createTestKey, signHmac } from "./test-key.ts";
import { encodeJson, splitToken } from "./token-parts.ts";

/** What a proof is made from: who proves, and for which request. */
export interface ProofScene {
  readonly client: DpopClient;
  readonly request: ProvedRequest & { readonly token: string };
}

/** One kind of ready-made proof. */
export interface TestProofKind {
  readonly description: string;
  /** What a validator with default options answers for a token that is bound to the client's key. */
  readonly expected: ReasonName | "ok";
  readonly make: (scene: ProofScene) => Promise<string>;
}

export type TestProofName =
  | "valid"
  | "validWithQuery"
  | "validOtherSpelling"
  | "validUnknownMembers"
  | "typeJwt"
  | "typeAbsent"
  | "algNone"
  | "hmacWithPublicKey"
  | "symmetricKey"
  | "keyAbsent"
  | "keyAsText"
  | "privateKey"
  | "keyById"
  | "algorithmOfOtherKey"
  | "criticalHeader"
  | "idAbsent"
  | "idAsNumber"
  | "idEmpty"
  | "idLong"
  | "methodAbsent"
  | "methodInLowerCase"
  | "otherMethod"
  | "uriAbsent"
  | "otherHost"
  | "otherPath"
  | "otherPort"
  | "uriWithUser"
  | "plainHttp"
  | "timeAbsent"
  | "timeAsText"
  | "old"
  | "fromTheFuture"
  | "timeInMilliseconds"
  | "tokenHashAbsent"
  | "otherToken"
  | "paddedTokenHash"
  | "otherKey"
  | "otherSignature"
  | "tamperedSignature"
  | "shortSignature"
  | "emptySignature"
  | "padded"
  | "twoInOne"
  | "jsonSerialization"
  | "oversized"
  | "empty"
  | "accessToken";

const INVALID: ReasonName = "dpop_proof_invalid";

/** A proof in which only the header or the claims differ. */
function changed(
  description: string,
  change: (scene: ProofScene) => ProofChanges | Promise<ProofChanges>,
  expected: TestProofKind["expected"] = INVALID,
): TestProofKind {
  return {
    description,
    expected,
    make: async (scene) => scene.client.prove(scene.request, await change(scene)),
  };
}

function claims(description: string, changes: ProofChanges["claims"] & object): TestProofKind {
  return changed(description, () => ({ claims: changes }));
}

/** A proof whose text is made from a good one. */
function rewritten(description: string, rewrite: (proof: string) => string | Promise<string>): TestProofKind {
  return {
    description,
    expected: INVALID,
    make: async ({ client, request }) => rewrite(await client.prove(request)),
  };
}

const KINDS: Readonly<Record<TestProofName, TestProofKind>> = {
  valid: changed("as RFC 9449 describes it", () => ({}), "ok"),
  validWithQuery: changed(
    "htu with the query that RFC 9449 section 4.2 leaves out, which is ignored",
    ({ request }) => ({ claims: { htu: `${request.url}?a=b#c` } }),
    "ok",
  ),
  validOtherSpelling: changed(
    "htu in another spelling of the same URI (RFC 3986 section 6.2.2)",
    ({ request }) => ({
      claims: { htu: request.url.replace(/^https:\/\/[^/]+/, (site) => `${site.toUpperCase()}:443`) },
    }),
    "ok",
  ),
  validUnknownMembers: changed(
    "members that nobody knows",
    () => ({ claims: { x: 1 }, header: { y: 2 } }),
    "ok",
  ),
  typeJwt: changed("typ JWT", () => ({ header: { typ: "JWT" } })),
  typeAbsent: changed("no typ", () => ({ header: { typ: undefined } })),
  algNone: {
    description: "alg none and no signature",
    expected: INVALID,
    make: async ({ client, request }) => {
      const [, payload] = splitToken(await client.prove(request));
      return `${encodeJson({ typ: "dpop+jwt", alg: "none", jwk: client.publicJwk })}.${payload}.`;
    },
  },
  hmacWithPublicKey: {
    description: "alg HS256, with the public key's text as secret",
    expected: INVALID,
    make: async ({ client, request }) => {
      const [, payload] = splitToken(await client.prove(request));
      const input = `${encodeJson({ typ: "dpop+jwt", alg: "HS256", jwk: client.publicJwk })}.${payload}`;
      const secret = toBytes(JSON.stringify(client.publicJwk));
      return `${input}.${encodeBase64url(await signHmac(ALGORITHMS.HS256, { secret, data: toBytes(input) }))}`;
    },
  },
  symmetricKey: changed("a symmetric key in jwk", () => ({
    header: { alg: "HS256", jwk: { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } },
  })),
  keyAbsent: changed("no jwk", () => ({ header: { jwk: undefined } })),
  keyAsText: changed("jwk as text", ({ client }) => ({ header: { jwk: JSON.stringify(client.publicJwk) } })),
  privateKey: changed("a private key in jwk", ({ client }) => ({
    header: { jwk: { ...client.publicJwk, d: "AAAA" } },
  })),
  keyById: changed("kid in place of jwk", ({ client }) => ({ header: { jwk: undefined, kid: client.jkt } })),
  algorithmOfOtherKey: changed("alg of another key type than jwk", ({ client }) => ({
    header: { alg: client.key.algorithm === "PS256" ? "ES256" : "PS256" },
  })),
  criticalHeader: changed("crit", () => ({ header: { crit: ["exp"] } })),
  idAbsent: claims("no jti", { jti: undefined }),
  idAsNumber: claims("jti as a number", { jti: 1 }),
  idEmpty: claims("an empty jti", { jti: "" }),
  idLong: claims("a jti of 257 characters", { jti: "j".repeat(257) }),
  methodAbsent: claims("no htm", { htm: undefined }),
  methodInLowerCase: changed("htm in lower case", ({ request }) => ({
    claims: { htm: request.method.toLowerCase() },
  })),
  otherMethod: claims("htm of another request", { htm: "DELETE" }),
  uriAbsent: claims("no htu", { htu: undefined }),
  otherHost: claims("htu of another host", { htu: "https://other-api.test/orders" }),
  otherPath: changed("htu with another path", ({ request }) => ({ claims: { htu: `${request.url}/1` } })),
  otherPort: changed("htu with another port", ({ request }) => ({
    claims: { htu: request.url.replace(/^https:\/\/[^/]+/, "$&:8443") },
  })),
  uriWithUser: changed("htu with user information", ({ request }) => ({
    claims: { htu: request.url.replace("https://", "https://user@") },
  })),
  plainHttp: changed("htu with http", ({ request }) => ({
    claims: { htu: request.url.replace("https:", "http:") },
  })),
  timeAbsent: claims("no iat", { iat: undefined }),
  timeAsText: changed("iat as text", ({ client }) => ({ claims: { iat: String(client.nowSeconds) } })),
  old: changed("made ten minutes ago", ({ client }) => ({ claims: { iat: client.nowSeconds - 600 } })),
  fromTheFuture: changed("made in advance, for a time in ten minutes", ({ client }) => ({
    claims: { iat: client.nowSeconds + 600 },
  })),
  timeInMilliseconds: changed("iat in milliseconds", ({ client }) => ({
    claims: { iat: client.nowSeconds * 1000 },
  })),
  tokenHashAbsent: claims("no ath: a proof for a token endpoint", { ath: undefined }),
  otherToken: changed("ath of another token", async ({ request }) => ({
    claims: { ath: await hashToken(`${request.token}x`) },
  })),
  paddedTokenHash: changed("ath with padding", async ({ request }) => ({
    claims: { ath: `${await hashToken(request.token)}=` },
  })),
  otherKey: changed(
    "made whole by another client, with its own key",
    async ({ client }) => {
      const { publicJwk, key } = await createStranger(client);
      return { header: { jwk: publicJwk }, key };
    },
    "binding_mismatch",
  ),
  otherSignature: changed("the client's jwk, signed with another key", async ({ client }) => ({
    key: (await createStranger(client)).key,
  })),
  tamperedSignature: rewritten("one character of the signature changed", (proof) => {
    const at = proof.length - 20;
    return `${proof.slice(0, at)}${proof[at] === "A" ? "B" : "A"}${proof.slice(at + 1)}`;
  }),
  shortSignature: rewritten("half a signature", (proof) => {
    const [header, payload, signature] = splitToken(proof);
    return `${header}.${payload}.${signature.slice(0, 40)}`;
  }),
  emptySignature: rewritten("no signature", (proof) => proof.replace(/[^.]*$/, "")),
  padded: rewritten("base64 padding", (proof) => `${proof}==`),
  twoInOne: rewritten(
    "two proofs joined by a comma, as proxies join fields",
    (proof) => `${proof}, ${proof}`,
  ),
  jsonSerialization: rewritten("the flattened JSON serialization", (proof) => {
    const [header, payload, signature] = splitToken(proof);
    return JSON.stringify({ payload, protected: header, signature });
  }),
  oversized: claims("larger than any bound", { padding: "x".repeat(16_384) }),
  empty: rewritten("an empty field", () => ""),
  accessToken: {
    description: "the access token in place of a proof",
    expected: INVALID,
    make: async ({ request }) => request.token,
  },
};

async function createStranger({ key }: DpopClient): Promise<Pick<DpopClient, "publicJwk" | "key">> {
  const stranger = await createTestKey(key.algorithm);
  const { kid: _, use: __, alg: ___, ...publicJwk } = stranger.publicJwk ?? {};
  return { key: stranger, publicJwk };
}

/**
 * Every kind of ready-made proof, with what it is and what a validator answers:
 *
 *     const proof = await TEST_PROOFS.otherPath.make({ client, request: { token, method, url } });
 */
export const TEST_PROOFS: Readonly<Record<TestProofName, TestProofKind>> = Object.freeze(KINDS);

export const TEST_PROOF_NAMES: readonly TestProofName[] = Object.freeze(
  Object.keys(TEST_PROOFS) as TestProofName[],
);
