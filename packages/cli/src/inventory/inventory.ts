/** What the API tells, as far as it is read here. */
export interface Inventory {
  readonly agrees: boolean;
  readonly head: number;
  readonly issuers: readonly {
    readonly name: string;
    readonly issuer: string;
    readonly keySource: string;
    readonly jwksUri: string | null;
    readonly keySetHash: string | null;
    readonly keys: readonly {
      readonly keyId: string | null;
      readonly algorithm: string | null;
      readonly state: string;
    }[];
  }[];
  readonly instances: readonly {
    readonly id: string;
    readonly version: string;
    readonly state: string;
    readonly position: number;
    readonly ageSeconds: number | null;
    readonly configurationHash: string | null;
  }[];
  readonly differences: readonly {
    readonly instance: string;
    readonly what: string;
    readonly issuer: string | null;
    readonly found: string | null;
    readonly expected: string | null;
  }[];
}
