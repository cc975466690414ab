/** The sessions with one token: one login, each session for one operation at a time, and none kept that has failed. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { SigningError } from "../../signing-error.ts";
import { loadPeer } from "../load-peer.ts";
import { readSecret, type SecretReference } from "../secret-reference.ts";
import { BACKEND, CKR, createPkcs11Fault, readReturnValue } from "./pkcs11-fault.ts";
import { CKF, CKU_USER, type Handle, type Pkcs11, type Pkcs11Module } from "./pkcs11-library.ts";

export interface TokenPlace {
  /** Path of the module that the token's vendor provides. */
  readonly modulePath: string;
  readonly tokenLabel: string;
  readonly pin: SecretReference;
  readonly maxSessions: number;
}

/** A module may be initialized once in a process. */
const loaded = new Map<string, { readonly library: Pkcs11; users: number }>();

export class Pkcs11Sessions {
  readonly library: Pkcs11;
  readonly pssParameters: number;
  readonly #place: TokenPlace;
  readonly #idle: Handle[] = [];
  #open = 0;
  /** A PIN that was refused is not tried again: tokens lock themselves after a few. */
  #refusedPin: string | undefined;
  #isClosed = false;

  private constructor(
    place: TokenPlace,
    module: { readonly library: Pkcs11; readonly pssParameters: number },
  ) {
    this.#place = place;
    this.library = module.library;
    this.pssParameters = module.pssParameters;
  }

  /** @throws SigningError where the package or the module does not load. */
  static async open(place: TokenPlace): Promise<Pkcs11Sessions> {
    const { default: module } = await loadPeer(() => import("pkcs11js"), {
      backend: BACKEND,
      peer: "pkcs11js",
    });
    return new Pkcs11Sessions(place, {
      library: acquireLibrary(module, place.modulePath),
      pssParameters: module.CK_PARAMS_RSA_PSS,
    });
  }

  /**
   * Lends a session. One whose work fails is closed, as nobody knows what was left undone in it.
   * @throws SigningError
   */
  async use<T>(operation: string, work: (session: Handle) => T | Promise<T>): Promise<T> {
    try {
      const session = this.#idle.pop() ?? (await this.#openSession());
      try {
        const result = await work(session);
        if (this.#isClosed) this.#end(session);
        else this.#idle.push(session);
        return result;
      } catch (error) {
        this.#end(session);
        throw error;
      }
    } catch (error) {
      throw createPkcs11Fault(operation, error);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const session of this.#idle.splice(0)) this.#end(session);
    // What is under way in the module must not find it gone.
    await nextTurn();
    if (this.#open === 0) releaseLibrary(this.#place.modulePath);
  }

  async #openSession(): Promise<Handle> {
    const { tokenLabel, maxSessions } = this.#place;
    if (this.#isClosed) throw fail("unavailable", "the back end was closed");
    if (this.#open >= maxSessions) {
      throw fail("unavailable", `all ${maxSessions} sessions are in use; look whether the token answers`);
    }
    this.#open++;
    try {
      const pin = await readSecret(this.#place.pin, { backend: BACKEND, what: "a PIN" });
      if (pin === this.#refusedPin) {
        throw fail(
          "misconfigured",
          "the PIN was refused, and is not tried again; set another, and start anew",
        );
      }
      const session = this.library.C_OpenSession(
        this.#findSlot(tokenLabel),
        CKF.RW_SESSION | CKF.SERIAL_SESSION,
      );
      try {
        this.#login(session, pin);
        return session;
      } catch (error) {
        this.library.C_CloseSession(session);
        throw error;
      }
    } catch (error) {
      this.#open--;
      throw error;
    }
  }

  #findSlot(label: string): Handle {
    const slots = this.library
      .C_GetSlotList(true)
      .filter((slot) => this.library.C_GetTokenInfo(slot).label.trimEnd() === label);
    const [slot] = slots;
    if (slot !== undefined && slots.length === 1) return slot;
    throw fail(
      "misconfigured",
      `expected one token with the label ${JSON.stringify(label)}, found ${slots.length}`,
    );
  }

  #login(session: Handle, pin: string): void {
    try {
      this.library.C_Login(session, CKU_USER, pin);
    } catch (error) {
      const value = readReturnValue(error);
      if (value === CKR.USER_ALREADY_LOGGED_IN) return;
      if (value === CKR.PIN_INCORRECT) this.#refusedPin = pin;
      throw error;
    }
  }

  #end(session: Handle): void {
    this.#open--;
    try {
      this.library.C_CloseSession(session);
    } catch {
      // It had ended already.
    }
  }
}

function acquireLibrary(module: Pkcs11Module, path: string): Pkcs11 {
  const known = loaded.get(path);
  if (known !== undefined) {
    known.users++;
    return known.library;
  }
  const library = new module.PKCS11();
  try {
    library.load(path);
  } catch {
    throw fail("misconfigured", `the module ${path} does not load; look at the path, and at what it needs`);
  }
  try {
    library.C_Initialize({ flags: CKF.OS_LOCKING_OK });
  } catch (error) {
    if (readReturnValue(error) !== CKR.CRYPTOKI_ALREADY_INITIALIZED)
      throw createPkcs11Fault("initialize", error);
  }
  loaded.set(path, { library, users: 1 });
  return library;
}

function releaseLibrary(path: string): void {
  const known = loaded.get(path);
  if (known === undefined || --known.users > 0) return;
  loaded.delete(path);
  known.library.C_Finalize();
  known.library.close();
}

function fail(kind: SigningError["kind"], problem: string): SigningError {
  return new SigningError(`${BACKEND}: ${problem}`, { kind, backend: BACKEND });
}
