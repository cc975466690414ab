import { encodePart, makeToken, respellSegment, signSegments, splitToken } from "../kit/raw-token.ts";
import { createClaims, createHeader } from "../kit/scene.ts";
import type { CorpusCase, CorpusGroup } from "./corpus-case.ts";
import type { CorpusKeys } from "./corpus-keys.ts";

const ONE_SPELLING =
  "One token must have one spelling, or whatever is keyed by its text (deny list, replay, cache) can be walked around (RFC 4648 section 3.5).";
const ONE_MEANING =
  "Two readers may take different members for the value (RFC 8259 section 4, RFC 7515 section 10.12).";
const STRICT_TEXT =
  "JWT JSON is UTF-8 without a mark and without lone surrogates (RFC 7519 section 7.2, RFC 7493 section 2.1).";

type Case = Omit<CorpusCase, "why"> & { readonly why?: string };

function withReason(why: string, cases: readonly Case[]): readonly CorpusCase[] {
  return cases.map((entry) => ({ why, ...entry }));
}

/** Attacks on encoding, serialization and JSON. All are signed by the published ES256 key where they are signed. */
export function createFormCases({ ec: key }: CorpusKeys): CorpusGroup {
  const header = JSON.stringify(createHeader(key));
  const claims = JSON.stringify(createClaims());
  const good = makeToken({ header, payload: claims, key });
  const { signature } = splitToken(good);
  const signed = good.slice(0, good.lastIndexOf("."));
  const payload = (text: string | Uint8Array): string => makeToken({ header, payload: text, key });
  const member = (text: string): string => payload(`{${text},${claims.slice(1)}`);
  const malformed = (name: string, token: string): Case => ({ name, token, expected: "malformed_token" });
  const latin = Buffer.from(claims.replace("user-1", "user-\xff"), "latin1");
  const plus = findPlusSignature(key, header);
  return {
    title: "Form",
    cases: [
      ...withReason(ONE_SPELLING, [
        malformed("signature with unused bits set", `${signed}.${respellSegment(signature)[0]}`),
        malformed("signature with = padding", `${good}==`),
        malformed("signature in the other base64 alphabet", plus),
        malformed(
          "line end inside the signature",
          `${signed}.${signature.slice(0, 9)}\n${signature.slice(9)}`,
        ),
        malformed("line end behind the signature", `${good}\n`),
        malformed("space before the token", ` ${good}`),
        malformed("payload signed with unused bits set", signLoosely(key, header)),
      ]),
      ...withReason(ONE_MEANING, [
        malformed("duplicate member in the payload", member('"sub":"admin"')),
        malformed("duplicate member in the payload, escaped", member('"\\u0073ub":"admin"')),
        malformed("duplicate exp", member('"exp":1')),
        malformed(
          "duplicate alg in the header",
          makeToken({ header: header.replace("{", '{"alg":"none",'), payload: claims, key }),
        ),
        malformed("duplicate member deep inside", member('"deep":{"a":1,"a":2}')),
      ]),
      ...withReason(STRICT_TEXT, [
        malformed("payload that is no UTF-8", payload(latin)),
        malformed("payload with a byte order mark", payload(`\ufeff${claims}`)),
        malformed("lone surrogate in a claim", payload(claims.replace("user-1", "\\ud800"))),
      ]),
      ...withReason(
        "Merged into an object with a prototype, such a member changes it; no honest issuer writes one.",
        [malformed("payload member `__proto__`", member('"__proto__":{"admin":true}'))],
      ),
      ...withReason(
        "Work has to be bounded before anything is verified (RFC 8725 section 3.11 asks for validated input).",
        [
          malformed("claim nested a thousand deep", member(`"deep":${"[".repeat(1000)}${"]".repeat(1000)}`)),
          malformed("six hundred elements", member(`"list":[${"0,".repeat(599)}0]`)),
          {
            name: "token of 40 kB",
            token: member(`"deep":"${"x".repeat(30_000)}"`),
            expected: "token_too_large",
          },
        ],
      ),
      ...withReason(
        "Past 2^53 two identifiers become one; past 1.8e308 a time never comes (RFC 7493 section 2.2).",
        [
          malformed("integer past 2^53", member('"uid":9007199254740993')),
          malformed("number that is not finite", member('"uid":1e400')),
        ],
      ),
      ...withReason(
        "A token is three segments, and header and payload are JSON objects (RFC 7519 section 7.2).",
        [
          malformed("two segments", signed),
          malformed("four segments", `${good}.x`),
          malformed("empty text", ""),
          malformed("header that is an array", makeToken({ header: "[]", payload: claims, key })),
          malformed("header that is null", makeToken({ header: "null", payload: claims, key })),
          malformed("payload that is an array", payload(`[${claims}]`)),
          malformed("payload that is a string", payload('"x"')),
          malformed("payload that is null", payload("null")),
          malformed("empty payload", payload("")),
          malformed("payload with text behind it", payload(`${claims}x`)),
          malformed(
            "flattened JSON serialization",
            JSON.stringify({ protected: signed.split(".")[0], payload: signed.split(".")[1], signature }),
          ),
        ],
      ),
      ...withReason(
        "Encrypted tokens are not accepted where signed ones are expected (RFC 8725 section 3.3).",
        [
          {
            name: "five segments",
            token: `${encodePart({ alg: "dir", enc: "A128GCM" })}..AAAA.AAAA.AAAA`,
            expected: "encryption_unsupported",
          },
        ],
      ),
    ],
  };
}

/** A good token whose signature has a character that differs between the two alphabets, respelt in the wrong one. */
function findPlusSignature(key: CorpusKeys["ec"], header: string): string {
  for (let attempt = 0; ; attempt++) {
    const token = makeToken({ header, payload: createClaims({ jti: `plus-${attempt}` }), key });
    const { signature } = splitToken(token);
    const other = signature.replaceAll("-", "+").replaceAll("_", "/");
    if (other !== signature) return `${token.slice(0, token.lastIndexOf("."))}.${other}`;
  }
}

function signLoosely(key: CorpusKeys["ec"], header: string): string {
  let text = JSON.stringify(createClaims());
  while (Buffer.byteLength(text) % 3 === 0) text += " ";
  return signSegments(`${encodePart(header)}.${respellSegment(encodePart(text))[0]}`, { key });
}
