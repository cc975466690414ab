/** Longest `kid` in UTF-16 units. RFC 7515 section 4.1.4 asks for a string only; it is a key of look-ups and labels here. */
const MAX_KEY_ID_LENGTH = 256;

/** Whether a value is text of 1 to `maxLength` UTF-16 units without C0 and C1 controls, from which logs and headers suffer. */
export function isIdentifier(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value !== "" && value.length <= maxLength && !/\p{Cc}/u.test(value);
}

/** Whether a value can be a key's `kid` here, in a header and in a key alike. */
export function isKeyId(value: unknown): value is string {
  return isIdentifier(value, MAX_KEY_ID_LENGTH);
}

/** What `isIdentifier` asks for, in words. */
export function describeIdentifier(maxLength: number): string {
  return `a string of 1 to ${maxLength} characters without control characters`;
}

/** What `isKeyId` asks for, in words. */
export const KEY_ID_RULE: string = describeIdentifier(MAX_KEY_ID_LENGTH);
