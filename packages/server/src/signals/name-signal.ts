import { createHash } from "node:crypto";

/**
 * The id of what a signal revokes: the same signal, at whatever instance it arrives, is the same revocation. `part`
 * tells apart what one signal revokes.
 */
export function nameSignal(kind: string, { issuer, jti, part = "" }: SignalName): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([issuer, jti, part]))
    .digest("base64url");
  return `${kind}-${hash}`;
}

export interface SignalName {
  /** Who signed it. */
  readonly issuer: string;
  readonly jti: string;
  readonly part?: string;
}
