/** What the provider instances of one server share while they follow each other. */

import type { SigningKeys } from "./key-ring.ts";
import type { MemoryStore } from "./memory-store.ts";
import type { DevIdpSettings } from "./options.ts";
import type { OwnTokens } from "./own-tokens.ts";
import type { RefreshAnswers } from "./refresh-answers.ts";
import type { RevocationFeed } from "./revocation-feed.ts";
import type { StructuredTokens } from "./structured-tokens.ts";

export interface SharedState {
  readonly issuer: string;
  readonly settings: DevIdpSettings;
  readonly ring: SigningKeys;
  readonly store: MemoryStore;
  readonly structured: StructuredTokens;
  readonly ownTokens: OwnTokens;
  readonly feed: RevocationFeed;
  readonly refreshAnswers: RefreshAnswers;
  readonly cookieKeys: readonly string[];
  /** Of the DPoP nonces; 32 octets. */
  readonly nonceSecret: Buffer;
  /** Where clients with certificates ask; undefined without that listener. */
  readonly mtlsUrl: string | undefined;
  /** Claims that replace those of one token that is about to be signed; see `mint-token.ts`. */
  readonly overrides: WeakMap<object, Readonly<Record<string, unknown>>>;
  /** Further claims of a token that others are exchanged for; see `exchange/exchange-grant.ts`. */
  readonly exchanged: WeakMap<object, Readonly<Record<string, unknown>>>;
}
