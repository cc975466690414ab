import { randomBytes } from "node:crypto";
import type { Doors } from "./doors.ts";
import type { SigningKeys } from "./key-ring.ts";
import { MemoryStore } from "./memory-store.ts";
import type { DevIdpSettings } from "./options.ts";
import { OwnTokens } from "./own-tokens.ts";
import { RefreshAnswers } from "./refresh-answers.ts";
import { RevocationFeed } from "./revocation-feed.ts";
import type { SharedState } from "./shared-state.ts";
import { StructuredTokens } from "./structured-tokens.ts";

/** Everything that a provider holds, empty. */
export function createSharedState(of: {
  readonly settings: DevIdpSettings;
  readonly ring: SigningKeys;
  readonly doors: Pick<Doors, "url" | "mtlsUrl">;
}): SharedState {
  const { settings, ring, doors } = of;
  const feed = new RevocationFeed({ issuer: doors.url, sink: settings.revocations, log: settings.log });
  const store = new MemoryStore((tokens) => feed.add(tokens));
  return {
    issuer: doors.url,
    mtlsUrl: doors.mtlsUrl,
    settings,
    ring,
    store,
    feed,
    structured: new StructuredTokens(store),
    ownTokens: new OwnTokens(doors.url, () => ring.publicJwks()),
    refreshAnswers: new RefreshAnswers(settings.refreshGraceSeconds),
    cookieKeys: [randomBytes(32).toString("base64url")],
    nonceSecret: randomBytes(32),
    overrides: new WeakMap(),
    exchanged: new WeakMap(),
  };
}
