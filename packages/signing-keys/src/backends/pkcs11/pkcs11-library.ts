/** The part of `pkcs11js` that is used here, and the numbers of PKCS #11 (version 3.1) that go with it. */

/** A session, slot or object, as the library names it. */
export type Handle = Buffer;

export interface Attribute {
  readonly type: number;
  readonly value?: number | boolean | string | Buffer;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: Readonly<Record<string, number>>;
}

export interface Pkcs11 {
  load(path: string): void;
  close(): void;
  C_Initialize(options?: { readonly flags: number }): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, userType: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: Attribute[]): void;
  C_FindObjects(session: Handle, most: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, template: Attribute[]): { readonly value?: unknown }[];
  C_SetAttributeValue(session: Handle, object: Handle, template: Attribute[]): void;
  C_GenerateKeyPair(
    session: Handle,
    mechanism: Mechanism,
    publicTemplate: Attribute[],
    privateTemplate: Attribute[],
  ): { readonly publicKey: Handle; readonly privateKey: Handle };
  C_DestroyObject(session: Handle, object: Handle): void;
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_SignAsync(session: Handle, input: Buffer, output: Buffer): Promise<Buffer>;
}

export interface Pkcs11Module {
  readonly PKCS11: new () => Pkcs11;
  /** Says which structure a mechanism's parameter is; the package's own number. */
  readonly CK_PARAMS_RSA_PSS: number;
}

export const CKF = { OS_LOCKING_OK: 2, RW_SESSION: 2, SERIAL_SESSION: 4 } as const;
export const CKU_USER = 1;
export const CKO = { PUBLIC_KEY: 2, PRIVATE_KEY: 3 } as const;
export const CKK = { RSA: 0x00, EC: 0x03, EC_EDWARDS: 0x40 } as const;

export const CKA = {
  CLASS: 0x000,
  TOKEN: 0x001,
  PRIVATE: 0x002,
  LABEL: 0x003,
  KEY_TYPE: 0x100,
  ID: 0x102,
  SENSITIVE: 0x103,
  DECRYPT: 0x105,
  UNWRAP: 0x107,
  SIGN: 0x108,
  VERIFY: 0x10a,
  DERIVE: 0x10c,
  MODULUS: 0x120,
  MODULUS_BITS: 0x121,
  PUBLIC_EXPONENT: 0x122,
  EXTRACTABLE: 0x162,
  NEVER_EXTRACTABLE: 0x164,
  ALWAYS_SENSITIVE: 0x165,
  EC_PARAMS: 0x180,
  EC_POINT: 0x181,
} as const;

export const CKM = {
  RSA_PKCS_KEY_PAIR_GEN: 0x0000,
  SHA256_RSA_PKCS: 0x0040,
  SHA384_RSA_PKCS: 0x0041,
  SHA512_RSA_PKCS: 0x0042,
  SHA256_RSA_PKCS_PSS: 0x0043,
  SHA384_RSA_PKCS_PSS: 0x0044,
  SHA512_RSA_PKCS_PSS: 0x0045,
  SHA256: 0x0250,
  SHA384: 0x0260,
  SHA512: 0x0270,
  EC_KEY_PAIR_GEN: 0x1040,
  ECDSA: 0x1041,
  EC_EDWARDS_KEY_PAIR_GEN: 0x1055,
  EDDSA: 0x1057,
} as const;

export const CKG_MGF1 = { SHA256: 2, SHA384: 3, SHA512: 4 } as const;
