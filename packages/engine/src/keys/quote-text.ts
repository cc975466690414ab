const LONGEST_QUOTE = 64;

/** Text of a key set for people: ASCII only, one line, at most 64 characters and an ellipsis. */
export function quoteText(text: string): string {
  const start = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text;
  return JSON.stringify(start).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
