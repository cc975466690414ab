/** Whose signals revoke. */

export interface SignalsConfiguration {
  /** OpenID Connect Back-Channel Logout 1.0. Default none. */
  readonly logout: readonly LogoutConfiguration[];
}

/** An issuer whose logout tokens end sessions. */
export interface LogoutConfiguration {
  /** The alias of one of `issuers`: its keys sign logout tokens too, and only its subjects and sessions are concerned. */
  readonly issuer: string;
  /** The clients that are logged out: one of them is in `aud`. */
  readonly audiences: readonly string[];
  /** Accepted `typ`; "JWT" admits none too. Default "logout+jwt". */
  readonly types?: readonly string[];
  /** What ends where a logout token names both a session and a subject. Default "session". */
  readonly ends: "session" | "subject";
  /** How long ago a logout token may have been issued. Default 600; 1..86400. */
  readonly maxAgeSeconds: number;
}
