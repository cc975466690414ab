/** Longest `kid` in UTF-16 units. RFC 7515 section 4.1.4 asks for a string only; it is a key of look-ups and labels here. */
export const MAX_KEY_ID_LENGTH = 256;

/** Whether text has a C0 or C1 control character, which no identifier needs and logs and headers suffer from. */
export function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** Whether a value can be a key's `kid` here, in a header and in a key alike. */
export function isKeyId(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    value.length <= MAX_KEY_ID_LENGTH &&
    !hasControlCharacter(value)
  );
}
