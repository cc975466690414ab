/** Wycheproof `json_web_encryption` and the examples of RFC 7516 and 7520: what is opened, and what stays closed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigurationError } from "countersign";
import { createTokenDecrypter } from "countersign/encryption";
import * as jose from "jose";
import { loadVectors, MISSING_VECTORS } from "../kit/load-vectors.ts";

interface EncryptionFile {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly private: Readonly<Record<string, unknown>>;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly result: "valid" | "invalid";
      readonly jwe: unknown;
      readonly pt?: string;
    }[];
  }[];
}

/** Labeled valid, and closed here: compact tokens only, and only with the algorithms that are allowed. */
const ALLOWED = ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"];
const CONTENT = ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"];

function readHeader(jwe: unknown): Readonly<Record<string, unknown>> {
  if (typeof jwe !== "string" || jwe.startsWith("{")) return {};
  try {
    return JSON.parse(Buffer.from(jwe.split(".")[0] ?? "", "base64url").toString());
  } catch {
    return {};
  }
}

test("json_web_encryption: what is labeled invalid stays closed, and what is valid opens where it is allowed", {
  skip: MISSING_VECTORS,
}, async () => {
  const { testGroups, numberOfTests } = loadVectors<EncryptionFile>(
    "wycheproof-json_web_encryption_test.json",
  );
  const counts = { opened: 0, closed: 0, refusedKeys: 0 };
  for (const group of testGroups) {
    const key = group.private;
    const isAllowed = ALLOWED.includes(String(key["alg"]));
    if (!isAllowed) {
      assert.throws(() => createTokenDecrypter({ jose, keys: [key] }), ConfigurationError);
      counts.refusedKeys += group.tests.length;
      continue;
    }
    const decrypter = createTokenDecrypter({ jose, keys: [key] });
    for (const { tcId, comment, result, jwe, pt } of group.tests) {
      const { alg, enc, zip } = readHeader(jwe);
      const isOffered = alg === key["alg"] && CONTENT.includes(String(enc)) && zip === undefined;
      const opened = await decrypter.open(jwe as string);
      const name = `tcId ${tcId} ${comment}`;
      assert.equal(opened !== undefined, result === "valid" && isOffered, name);
      if (opened === undefined || opened === "busy") counts.closed += 1;
      else {
        assert.equal(Buffer.from(opened.text).toString("hex"), pt, name);
        counts.opened += 1;
      }
    }
  }
  assert.equal(counts.opened + counts.closed + counts.refusedKeys, numberOfTests);
  assert.ok(counts.opened >= 10 && counts.closed >= 20, JSON.stringify(counts));
});

interface RfcVector {
  readonly source: string;
  readonly kind: string;
  readonly token: unknown;
  readonly key: unknown;
  readonly alg: string;
  readonly valid: boolean;
  readonly plaintext?: string;
}

test("compact examples of RFC 7516 and 7520 open where their algorithms are offered, and no others", {
  skip: MISSING_VECTORS,
}, async () => {
  const vectors = loadVectors<readonly RfcVector[]>("rfc-vectors.json").filter(({ kind }) => kind === "jwe");
  const opened: string[] = [];
  for (const { source, token, key, alg: both, plaintext } of vectors) {
    const [alg = "", enc = ""] = both.split("/");
    const keys = [{ ...(key as object), alg }];
    if (!ALLOWED.includes(alg)) {
      assert.throws(() => createTokenDecrypter({ jose, keys }), ConfigurationError);
      continue;
    }
    const decrypter = createTokenDecrypter({ jose, keys });
    const found = await decrypter.open(token as string);
    assert.ok(found !== undefined && found !== "busy" && CONTENT.includes(enc), source);
    if (plaintext !== undefined) assert.equal(found.text, plaintext, source);
    opened.push(source);
  }
  assert.deepEqual(opened, ["RFC 8037 A.6", "RFC 7520 5.5"]);
});

test("examples in JSON serialization stay closed", { skip: MISSING_VECTORS }, async () => {
  const vectors = loadVectors<readonly RfcVector[]>("rfc-vectors.json");
  const { key } = vectors.find(({ source }) => source === "RFC 8037 A.6") ?? {};
  const decrypter = createTokenDecrypter({ jose, keys: [{ ...(key as object), alg: "ECDH-ES" }] });
  for (const { token } of vectors.filter(({ kind }) => kind === "jwe-json")) {
    for (const text of [token, JSON.stringify(token)]) {
      assert.equal(decrypter.holdsKeyOf(text as string), false);
      assert.equal(await decrypter.open(text as string), undefined);
    }
  }
});
