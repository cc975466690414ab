import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, it } from "node:test";
import { openSigner } from "../../src/backends/open-signer.ts";
import { readPublicKey } from "../../src/backends/read-public-key.ts";
import type { KeyReference, PublicSigningJwk, Signer } from "../../src/index.ts";
import { expectFailure } from "./kit/expect-failure.ts";

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function makePair(): Pair {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function publish({ publicKey }: Pair): PublicSigningJwk {
  return readPublicKey(publicKey.export({ format: "der", type: "spki" }), {
    algorithm: "ES256",
    backend: "test",
  });
}

function refer({ kid }: PublicSigningJwk, changes: Partial<KeyReference> = {}): KeyReference {
  return { backend: "test", id: "1", label: "key", algorithm: "ES256", keyId: kid, ...changes };
}

const signWith =
  (pair: Pair) =>
  (bytes: Uint8Array): Promise<Uint8Array> =>
    Promise.resolve(sign("sha256", bytes, { key: pair.privateKey, dsaEncoding: "ieee-p1363" }));

function open(
  publicJwk: PublicSigningJwk,
  signing: (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<Signer> {
  return openSigner({ reference: refer(publicJwk), publicJwk, sign: signing });
}

describe("the self-test of a signer", () => {
  it("passes where the public half verifies what is signed", async () => {
    const pair = makePair();
    const signer = await open(publish(pair), signWith(pair));
    assert.equal((await signer.sign(Buffer.from("octets"))).length, 64);
  });

  it("fails where another key signs", async () => {
    const signing = open(publish(makePair()), signWith(makePair()));
    await expectFailure(signing, { kind: "misconfigured", message: /signature_invalid/ });
  });

  it("fails where the same signature is answered to everything", async () => {
    const pair = makePair();
    const kept = await signWith(pair)(Buffer.from("from before"));
    const signing = open(publish(pair), () => Promise.resolve(kept));
    await expectFailure(signing, { kind: "misconfigured", message: /signature_invalid/ });
  });

  it("fails where the signature has another form", async () => {
    const pair = makePair();
    const signing = open(publish(pair), (bytes) => Promise.resolve(sign("sha256", bytes, pair.privateKey)));
    await expectFailure(signing, { kind: "unavailable", message: /64 octets for ES256/ });
  });

  it("fails where verifiers would refuse the key itself", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const publicJwk = readPublicKey(publicKey.export({ format: "pem", type: "spki" }), {
      algorithm: "RS256",
      backend: "test",
    });
    const signing = openSigner({
      reference: refer(publicJwk, { algorithm: "RS256" }),
      publicJwk,
      sign: (bytes) => Promise.resolve(sign("sha256", bytes, privateKey)),
    });
    await expectFailure(signing, { kind: "misconfigured", message: /1024 bits/ });
  });
});

describe("a public key of a service", () => {
  it("is refused where it is none, or one for another algorithm", async () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const pem = publicKey.export({ format: "pem", type: "spki" });
    const read = (foreign: string | Uint8Array, algorithm: "ES256" | "RS256" | "Ed25519"): Promise<unknown> =>
      Promise.resolve().then(() => readPublicKey(foreign, { algorithm, backend: "test" }));
    for (const algorithm of ["ES256", "RS256", "Ed25519"] as const) {
      await expectFailure(read(pem, algorithm), { kind: "misconfigured", message: /found ec secp384r1/ });
    }
    for (const foreign of ["", "no key", Buffer.from("no key"), pem.slice(0, 80)]) {
      await expectFailure(read(foreign, "ES256"), {
        kind: "misconfigured",
        message: /nothing that can be read/,
      });
    }
  });
});
