const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * Whether a token is opaque to us. Whatever has the three parts of a JWS, or the five of a JWE, is a JWT: one that does
 * not hold is refused, and no way around the rules by asking about it. Other characters than RFC 6750's are no token.
 */
export function isOpaque(token: string): boolean {
  const parts = token.split(".", 6).length;
  return parts !== 3 && parts !== 5 && TOKEN68.test(token);
}
