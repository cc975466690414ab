// Control and format characters, separators other than space, lone surrogates, and unassigned or private
// ones: an unverified claim could otherwise move the cursor, change colors or reverse the reading direction.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu;

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16)}}`;
}

/** Makes text that strangers wrote safe to show on a terminal: every character that does not print is escaped. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter);
}

/** As `escapeUnprintable`, and cut to `limit` characters with an ellipsis. */
export function shorten(text: string, limit: number): string {
  const safe = escapeUnprintable(text);
  return safe.length <= limit ? safe : `${safe.slice(0, Math.max(0, limit - 1))}…`;
}

// Three base64url parts, or the start of a JOSE header: what people paste where a command name belongs.
const TOKEN_LIKE = /[\w-]{8,}\.[\w-]{2,}\.[\w-]*|eyJ[\w-]+/g;

/** Replaces whatever looks like a token; for messages that repeat the command line. */
export function redactTokens(text: string): string {
  return text.replace(TOKEN_LIKE, "[token]");
}
