/** What a crypto back end makes; `createTestKey` adds the names. */
export interface RawKey {
  /** Only the members that RFC 7638 section 3.2 hashes. */
  readonly jwk: Readonly<Record<string, string>>;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly sign: (data: Uint8Array) => Promise<Uint8Array>;
}
