/** Tokens between good and hostile: an honest one with some members, characters and signatures changed. */

import fc from "fast-check";
import { joinSegments, makeToken, respellSegment, type Segments, splitToken } from "./raw-token.ts";
import { AUDIENCE, type Claims, createClaims, createHeader, ISSUER, NOW_SECONDS } from "./scene.ts";
import { createSigningKey, type SigningKey, sharedKey } from "./signing-key.ts";

export const FUZZ_ALGORITHMS = ["RS256", "ES256", "Ed25519"] as const;

/** The keys that the issuer publishes. */
export function fuzzKeys(): readonly SigningKey[] {
  return FUZZ_ALGORITHMS.map((name) => sharedKey(name));
}

const stranger = createSigningKey("ES256", { keyId: "es256" });

const HOSTILE_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e16,
  "",
  "x",
  [],
  [""],
  {},
  { a: [1] },
  ["a", 1],
  "\u0000",
  "\ud83d\ude00",
  undefined,
];

function pick(...good: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_VALUES) },
  );
}

const TIMES = [-1000, -31, -30, -29.5, -1, 0, 1, 29, 30, 31, 299, 86_400, 1e10].map(
  (offset) => NOW_SECONDS + offset,
);

const headerChange: fc.Arbitrary<Claims> = fc.oneof(
  fc.record({ alg: pick("RS256", "ES256", "Ed25519", "EdDSA", "none", "HS256", "PS256", "es256") }),
  fc.record({ kid: pick("rs256", "es256", "ed25519", "__proto__", undefined) }),
  fc.record({ typ: pick("JWT", "at+jwt", "application/at+jwt", "AT+JWT", "dpop+jwt", undefined) }),
  fc.record({ crit: pick(["b64"], ["exp"], []), b64: pick(true, false) }),
  fc.record({
    cty: pick("JWT", "json"),
    jku: pick("https://evil.example/"),
    jwk: pick(stranger.publicJwk),
  }),
);

const claimChange: fc.Arbitrary<Claims> = fc.oneof(
  fc.record({ iss: pick(ISSUER, "https://issuer.example", [ISSUER]) }),
  fc.record({
    aud: pick(AUDIENCE, [AUDIENCE], ["x", AUDIENCE], [AUDIENCE, "x"], [[AUDIENCE]], `${AUDIENCE}/`),
  }),
  fc.record({ exp: pick(...TIMES, String(NOW_SECONDS + 100)) }),
  fc.record({ nbf: pick(...TIMES) }),
  fc.record({ iat: pick(...TIMES) }),
  fc.record({ sub: pick("user-1", ISSUER, 7), jti: pick("a", 7) }),
  fc.record({ scope: pick("a b", ["a"]), client_id: pick("client-1") }),
  fc.record({ nonce: pick("n"), events: pick({}), act: pick({ sub: "a", act: { sub: "b" } }) }),
  fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }),
);

/** Edits of a part's JSON text that keep most readers content. */
const hostileTextEdit: fc.Arbitrary<(text: string) => string> = fc.constantFrom(
  (text: string) => ` ${text}\n`,
  (text: string) => text.replace("{", '{"sub":"admin",'),
  (text: string) => text.replace("{", '{"\\u0061ud":"x",'),
  (text: string) => text.replace("{", '{"__proto__":{"a":1},'),
  (text: string) => text.replace("{", '{"n":1e999,'),
  (text: string) => text.replace("{", '{"n":12345678901234567890,'),
  (text: string) => text.replace("{", '{"s":"\\ud800",'),
  (text: string) => text.replace("{", `{"d":${"[".repeat(40)}${"]".repeat(40)},`),
  (text: string) => `\ufeff${text}`,
  (text: string) => `[${text}]`,
  (text: string) => text.slice(0, -1),
);

function seldom(edit: fc.Arbitrary<(text: string) => string>): fc.Arbitrary<(text: string) => string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant((text: string) => text) },
    { weight: 1, arbitrary: edit },
  );
}

/** Edits of one segment after signing. */
const segmentEdit: fc.Arbitrary<(segment: string) => string> = fc.oneof(
  { weight: 20, arbitrary: fc.constant((segment: string) => segment) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      (segment: string) => `${segment}=`,
      (segment: string) => `${segment}==`,
      (segment: string) => ` ${segment}`,
      (segment: string) => `${segment}\n`,
      (segment: string) => respellSegment(segment)[0] ?? segment,
      (segment: string) => segment.slice(0, -1),
      (segment: string) => `${segment}A`,
      (segment: string) => segment.replaceAll("-", "+").replaceAll("_", "/"),
      () => "",
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(), fc.constantFrom("A", "_", "-", ".", "=", "~"))
      .map(([at, letter]) => (segment: string) => {
        const index = at % (segment.length || 1);
        return segment.slice(0, index) + letter + segment.slice(index + 1);
      }),
  },
);

interface Recipe {
  readonly key: SigningKey;
  readonly signer: "honest" | "stranger" | "nobody";
  readonly header: Claims;
  readonly claims: Claims;
  readonly editHeader: (text: string) => string;
  readonly editClaims: (text: string) => string;
  readonly editSegments: Readonly<Record<keyof Segments, (segment: string) => string>>;
}

function cook(recipe: Recipe): string {
  const { key, signer } = recipe;
  const token = makeToken({
    header: recipe.editHeader(JSON.stringify(createHeader(key, recipe.header))),
    payload: recipe.editClaims(JSON.stringify(createClaims(recipe.claims))),
    key: signer === "stranger" ? stranger : key,
  });
  const { header, payload, signature } = splitToken(token);
  return joinSegments({
    header: recipe.editSegments.header(header),
    payload: recipe.editSegments.payload(payload),
    signature: recipe.editSegments.signature(signer === "nobody" ? "" : signature),
  });
}

const maybe = (change: fc.Arbitrary<Claims>): fc.Arbitrary<Claims> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: change });

/** A third of these are good tokens in all that `jose` looks at. */
export const fuzzedToken: fc.Arbitrary<string> = fc
  .record<Recipe>({
    // Signing with RSA costs twenty times what the others cost.
    key: fc.oneof(
      { weight: 1, arbitrary: fc.constant(sharedKey("RS256")) },
      { weight: 9, arbitrary: fc.constantFrom(sharedKey("ES256"), sharedKey("Ed25519")) },
    ),
    signer: fc.oneof(
      { weight: 8, arbitrary: fc.constant("honest" as const) },
      { weight: 1, arbitrary: fc.constantFrom("stranger" as const, "nobody" as const) },
    ),
    header: maybe(headerChange),
    claims: maybe(claimChange),
    editHeader: seldom(hostileTextEdit),
    editClaims: seldom(hostileTextEdit),
    editSegments: fc.record({ header: segmentEdit, payload: segmentEdit, signature: segmentEdit }),
  })
  .map(cook);
