import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { PKCS11_ALGORITHMS } from "../../../src/backends/pkcs11/pkcs11-algorithms.ts";
import {
  createPkcs11Backend,
  type Pkcs11BackendOptions,
} from "../../../src/backends/pkcs11/pkcs11-backend.ts";
import {
  type Attribute,
  CKA,
  CKF,
  CKM,
  CKO,
  CKU_USER,
  type Handle,
  type Pkcs11,
  type Pkcs11Module,
} from "../../../src/backends/pkcs11/pkcs11-library.ts";
import { Pkcs11Sessions } from "../../../src/backends/pkcs11/pkcs11-sessions.ts";
import type { KeyBackend } from "../../../src/index.ts";
import { describeKeyBackend, takeLabel } from "../describe-key-backend.ts";
import { expectFailure } from "../kit/expect-failure.ts";
import { issueToken, judgeToken } from "../kit/issue-token.ts";
import { type SoftHsm, skipWithoutSoftHsm, startSoftHsm } from "../kit/start-soft-hsm.ts";

interface AllSessions {
  C_CloseAllSessions(slot: Handle): void;
}

const CKA_VALUE = 0x11;
const CKA_PRIVATE_EXPONENT = 0x123;
const P_256 = Buffer.from("06082a8648ce3d030107", "hex");
const skip = skipWithoutSoftHsm();

function openIn(hsm: SoftHsm, changes: Partial<Pkcs11BackendOptions> = {}): Promise<KeyBackend> {
  return createPkcs11Backend({
    module: hsm.module,
    token: hsm.token,
    pin: { file: hsm.pinFile },
    ...changes,
  });
}

describeKeyBackend({
  name: "SoftHSM, through PKCS #11",
  skip,
  algorithms: PKCS11_ALGORITHMS,
  missing: "Ed448",
  start: async () => {
    const hsm = await startSoftHsm();
    return { open: () => openIn(hsm), stop: () => hsm.stop() };
  },
});

describe("a key in a token", { skip }, () => {
  let hsm: SoftHsm;
  let backend: KeyBackend;
  before(async () => {
    hsm = await startSoftHsm();
    backend = await openIn(hsm);
  });
  after(async () => {
    await backend.close();
    await hsm.stop();
  });

  /** The token, past our back end: as another program would use it. */
  function withToken<T>(work: (token: Pkcs11, session: Handle) => T): T {
    const module = createRequire(import.meta.url)("pkcs11js") as Pkcs11Module;
    const token = new module.PKCS11();
    token.load(hsm.module);
    const slot = token
      .C_GetSlotList(true)
      .find((each) => token.C_GetTokenInfo(each).label.trim() === hsm.token);
    assert.ok(slot);
    const session = token.C_OpenSession(slot, CKF.RW_SESSION | CKF.SERIAL_SESSION);
    try {
      try {
        token.C_Login(session, CKU_USER, hsm.pin);
      } catch (error) {
        assert.match(String(error), /ALREADY_LOGGED_IN/);
      }
      return work(token, session);
    } finally {
      try {
        token.C_CloseSession(session);
      } catch {
        // The work has ended it.
      }
      token.close();
    }
  }

  function findPrivate(token: Pkcs11, session: Handle, label: string): Handle {
    token.C_FindObjectsInit(session, [
      { type: CKA.CLASS, value: CKO.PRIVATE_KEY },
      { type: CKA.LABEL, value: label },
    ]);
    const [object] = token.C_FindObjects(session, 1);
    token.C_FindObjectsFinal(session);
    assert.ok(object);
    return object;
  }

  for (const [algorithm, secret] of [
    ["RS256", CKA_PRIVATE_EXPONENT],
    ["PS256", CKA_PRIVATE_EXPONENT],
    ["ES256", CKA_VALUE],
    ["Ed25519", CKA_VALUE],
  ] as const) {
    it(`never gives its private half out: ${algorithm}`, async () => {
      const label = takeLabel();
      await backend.generate({ label, algorithm });
      withToken((token, session) => {
        const object = findPrivate(token, session, label);
        assert.throws(
          () => token.C_GetAttributeValue(session, object, [{ type: secret }]),
          /ATTRIBUTE_SENSITIVE/,
        );
        assert.throws(() =>
          token.C_SetAttributeValue(session, object, [{ type: CKA.EXTRACTABLE, value: true }]),
        );
        assert.throws(() =>
          token.C_SetAttributeValue(session, object, [{ type: CKA.SENSITIVE, value: false }]),
        );
        const [mayDecrypt] = token.C_GetAttributeValue(session, object, [{ type: CKA.DECRYPT }]);
        assert.deepEqual(mayDecrypt?.value, Buffer.from([0]));
      });
    });
  }

  it("is refused where it could leave the token", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    const label = takeLabel();
    const common: Attribute[] = [
      { type: CKA.TOKEN, value: true },
      { type: CKA.LABEL, value: label },
    ];
    withToken((token, session) => {
      token.C_GenerateKeyPair(
        session,
        { mechanism: CKM.EC_KEY_PAIR_GEN },
        [...common, { type: CKA.EC_PARAMS, value: P_256 }],
        [...common, { type: CKA.SIGN, value: true }, { type: CKA.EXTRACTABLE, value: true }],
      );
    });
    await expectFailure(backend.open({ ...reference, label, id: `object=${label}` }), {
      kind: "refused",
      message: /can leave the token/,
    });
  });

  it("is refused where there are two of its label, or where the token has another in its place", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "Ed25519" });
    const { label } = reference;
    const common: Attribute[] = [
      { type: CKA.TOKEN, value: true },
      { type: CKA.LABEL, value: label },
    ];
    withToken((token, session) => {
      token.C_GenerateKeyPair(
        session,
        { mechanism: CKM.EC_KEY_PAIR_GEN },
        [...common, { type: CKA.EC_PARAMS, value: P_256 }],
        [...common, { type: CKA.SIGN, value: true }],
      );
    });
    await expectFailure(backend.open(reference), { kind: "refused", message: /one private key/ });
    await backend.destroy(reference);
    await backend.generate({ label, algorithm: "Ed25519" });
    await expectFailure(backend.open(reference), { kind: "misconfigured", message: /thumbprint/ });
  });

  it("signs on when the token has ended every session", async () => {
    const { reference, publicJwk } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    const signer = await backend.open(reference);
    await Promise.all([issueToken(signer), issueToken(signer), issueToken(signer)]);
    withToken((token) => {
      const slots = token.C_GetSlotList(true);
      for (const slot of slots) (token as unknown as AllSessions).C_CloseAllSessions(slot);
    });
    const tokens = await Promise.all([issueToken(signer), issueToken(signer), issueToken(signer)]);
    for (const each of tokens) assert.equal((await judgeToken(each, [publicJwk])).ok, true);
  });

  it("is not waited for in more sessions than are allowed", async () => {
    const place = {
      modulePath: hsm.module,
      tokenLabel: hsm.token,
      pin: { file: hsm.pinFile },
      maxSessions: 1,
    };
    const sessions = await Pkcs11Sessions.open(place);
    let end = (): void => undefined;
    const hanging = new Promise<void>((resolve) => {
      end = resolve;
    });
    const first = sessions.use("sign", () => hanging);
    await expectFailure(
      sessions.use("sign", () => undefined),
      {
        kind: "unavailable",
        message: /all 1 sessions are in use/,
      },
    );
    end();
    await first;
    await sessions.use("sign", () => undefined);
    await sessions.close();
  });

  it("signs nothing more when the token's officer has taken it away", async () => {
    const { reference } = await backend.generate({ label: takeLabel(), algorithm: "ES256" });
    const signer = await backend.open(reference);
    withToken((token, session) => {
      token.C_DestroyObject(session, findPrivate(token, session, reference.label));
    });
    await expectFailure(issueToken(signer), { kind: "refused", message: /found none/ });
  });
});

describe("a token that is not as configured", { skip }, () => {
  let hsm: SoftHsm;
  before(async () => {
    hsm = await startSoftHsm();
  });
  after(() => hsm.stop());

  it("is told apart: no module, no such token, a PIN that it does not take", async () => {
    await expectFailure(openIn(hsm, { module: "/nowhere/token.so" }), {
      kind: "misconfigured",
      message: /nowhere/,
    });
    const request = { label: takeLabel(), algorithm: "ES256" } as const;
    const stranger = await openIn(hsm, { token: "another token" });
    await expectFailure(stranger.generate(request), { kind: "misconfigured", message: /another token/ });
    await stranger.close();
    const wrong = `wrong-${randomUUID()}`;
    process.env["COUNTERSIGN_TEST_PIN"] = wrong;
    const locked = await openIn(hsm, { pin: { env: "COUNTERSIGN_TEST_PIN" } });
    try {
      await expectFailure(locked.generate(request), {
        kind: "misconfigured",
        message: /CKR_PIN_INCORRECT/,
        secrets: [wrong, hsm.pin],
      });
      // Not once more: it would lock the token in the end.
      await expectFailure(locked.generate(request), {
        kind: "misconfigured",
        message: /not tried again/,
        secrets: [wrong, hsm.pin],
      });
      process.env["COUNTERSIGN_TEST_PIN"] = hsm.pin;
      await locked.generate(request);
    } finally {
      delete process.env["COUNTERSIGN_TEST_PIN"];
      await locked.close();
    }
  });
});
