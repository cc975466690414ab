import { expectEqual } from "./expect.ts";
import type { SuiteCase } from "./suite-case.ts";

/** JSON texts of a payload, and whether the strict reader takes them. */
const PAYLOADS: readonly (readonly [text: string, accepted: boolean])[] = [
  ["{}", true],
  [' {"a" : [ 1 , 2.5e-3 , true , null , "\u00e9\ud83d\ude00" ] }\r\n\t', true],
  ['{"a":"\\u0041\\ud83d\\ude00\\n\\/"}', true],
  ['{"a":9007199254740991,"b":-0,"c":1E+2}', true],
  ['{"constructor":1,"toString":2}', true],
  ['{"a":1,"a":1}', false],
  ['{"a":1,"\\u0061":1}', false],
  ['{"__proto__":1}', false],
  ['{"a":{"\\u005f_proto__":1}}', false],
  ['{"a":"\\ud800"}', false],
  ['{"a":"\\udc00\\ud800"}', false],
  ['{"a":9007199254740992}', false],
  ['{"a":1e400}', false],
  ['{"a":01}', false],
  ['{"a":.5}', false],
  ['{"a":+1}', false],
  ['{"a":0x1}', false],
  ['{"a":NaN}', false],
  ['{"a":1,}', false],
  ["{'a':1}", false],
  ["{a:1}", false],
  ['{"a":"\n"}', false],
  ['{"a":"\\x41"}', false],
  ['{"a":1}//', false],
  ["\ufeff{}", false],
  ["{}{}", false],
  ["[]", false],
  ["null", false],
  ['"a"', false],
  ["", false],
  [`{"a":${"[".repeat(15)}${"]".repeat(15)}}`, true],
  [`{"a":${"[".repeat(16)}${"]".repeat(16)}}`, false],
  [`{"a":[${"0,".repeat(510)}0]}`, true],
  [`{"a":[${"0,".repeat(511)}0]}`, false],
];

/** Octets (hex) of a claim's text, and whether they are UTF-8. */
const OCTETS: readonly (readonly [hex: string, accepted: boolean])[] = [
  ["c3a9", true],
  ["f09f9880", true],
  ["f48fbfbf", true],
  ["80", false],
  ["c0af", false],
  ["c080", false],
  ["e0a0", false],
  ["e080a2", false],
  ["eda080", false],
  ["edb080", false],
  ["f4908080", false],
  ["ff", false],
];

const HEADER = encodeText('{"alg":"ES256"}');

/** Segments behind a good header, and whether they are canonical base64url. */
const SPELLINGS: readonly (readonly [payload: string, accepted: boolean])[] = [
  ["e30", true],
  ["e31", false],
  ["e32", false],
  ["e33", false],
  ["e30=", false],
  ["e30\n", false],
  [" e30", false],
  ["e3", false],
  ["e", false],
  ["e30A", false],
  ["e30AA", false],
  ["%653", false],
  ["e3\u0430", false],
];

function encodeOctets(octets: Iterable<number>): string {
  return btoa(String.fromCharCode(...octets))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function encodeText(text: string): string {
  return encodeOctets(new TextEncoder().encode(text));
}

function withOctets(hex: string): string {
  const octets = (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  return encodeOctets([...new TextEncoder().encode('{"a":"'), ...octets, ...new TextEncoder().encode('"}')]);
}

function createCase(name: string, [payload, accepted]: readonly [string, boolean]): SuiteCase {
  return {
    name: `${name} is ${accepted ? "read" : "refused"}`,
    run: async (library) => {
      const inspection = library.inspectToken(`${HEADER}.${payload}.AAAA`);
      expectEqual(inspection.ok ? "read" : inspection.reason, accepted ? "read" : "malformed_token");
    },
  };
}

/** What the decoder, the UTF-8 check and the JSON reader take, by `inspectToken`. */
export const TEXT_CASES: readonly SuiteCase[] = [
  ...PAYLOADS.map(([text, accepted], index) =>
    createCase(`JSON ${index}, ${JSON.stringify(text.slice(0, 30))},`, [encodeText(text), accepted]),
  ),
  ...OCTETS.map(([hex, accepted]) => createCase(`a claim of the octets ${hex}`, [withOctets(hex), accepted])),
  ...SPELLINGS.map(([payload, accepted]) =>
    createCase(`the segment ${JSON.stringify(payload)}`, [payload, accepted]),
  ),
];
