/** The attributes of a challenge as data: what each may hold (RFC 6750 section 3, RFC 9110 section 11.2). */

/** In the order in which they are written; undefined ones are left out. */
export interface ChallengeAttributes {
  readonly realm: string | undefined;
  readonly error: string | undefined;
  readonly error_description: string | undefined;
  readonly scope: string | readonly string[] | undefined;
  readonly acr_values: string | readonly string[] | undefined;
  readonly max_age: number | undefined;
  readonly resource_metadata: string | undefined;
  readonly algs: readonly string[] | undefined;
}

/** Longest value of one attribute in characters, so that none alone fills the 4 KiB header buffer of a proxy. */
export const MAX_ATTRIBUTE_CHARACTERS = 768;

/** The text between the quotes, or undefined where the grammar cannot carry the value. */
type Format = (value: string) => string | undefined;

const TEXT = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;
const WORDS = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;
const PRINTABLE = /^[\x20-\x7e]+$/;
const ALGORITHM_NAMES = /^[A-Za-z0-9-]+(?: [A-Za-z0-9-]+)*$/;
const WHOLE_NUMBER = /^\d{1,15}$/;

function matching(pattern: RegExp): Format {
  return (value) => (pattern.test(value) ? value : undefined);
}

// Only realm may be any quoted-string; for the others RFC 6750 forbids what would need escaping.
const FORMATS: { readonly [Name in keyof ChallengeAttributes]: Format } = {
  realm: (value) => (PRINTABLE.test(value) ? value.replace(/["\\]/g, "\\$&") : undefined),
  error: matching(TEXT),
  error_description: matching(TEXT),
  scope: matching(WORDS),
  acr_values: matching(WORDS),
  max_age: matching(WHOLE_NUMBER),
  resource_metadata: (value) => (isUrl(value) ? value : undefined),
  algs: matching(ALGORITHM_NAMES),
};

const NAMES = Object.keys(FORMATS) as readonly (keyof ChallengeAttributes)[];

/** `name="value", …`, each name once; values that the grammar cannot carry are left out. */
export function formatAttributes(attributes: ChallengeAttributes): string {
  const written: string[] = [];
  for (const name of NAMES) {
    const text = formatAttribute(name, attributes[name]);
    if (text !== undefined) written.push(`${name}="${text}"`);
  }
  return written.join(", ");
}

/** One attribute's text between the quotes, or undefined where it is absent or cannot be carried. */
export function formatAttribute<Name extends keyof ChallengeAttributes>(
  name: Name,
  value: ChallengeAttributes[Name],
): string | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === "object" ? value.join(" ") : String(value);
  return text.length > MAX_ATTRIBUTE_CHARACTERS ? undefined : FORMATS[name](text);
}

function isUrl(value: string): boolean {
  return /^https?:\/\//.test(value) && WORDS.test(value) && !value.includes(" ") && URL.canParse(value);
}
