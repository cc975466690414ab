import { randomUUID } from "node:crypto";
import path from "node:path";
import { createBackend, readLedger, SqliteKeyStore } from "@countersign/signing-keys";

/** Signs tokens with one key of a configuration of these tests, whatever state it is in, as a thief would. */
export async function createFileSigner(folder: string, keyId: string): Promise<{ sign(): Promise<string> }> {
  const store = new SqliteKeyStore({ path: path.join(folder, "ledger.db") });
  const stored = await store.read();
  await store.close();
  const key = readLedger(stored?.text ?? "").keys.find((each) => each.keyId === keyId);
  if (key === undefined) throw new Error("there is no such key");
  const backend = await createBackend({
    backend: "file",
    directory: path.join(folder, "private"),
    passphrase: { file: path.join(folder, "passphrase") },
  });
  const signer = await backend.open(key.reference);
  return {
    async sign() {
      const iat = Math.floor(Date.now() / 1000);
      const claims = {
        iss: "https://idp.example.com/",
        aud: "api",
        sub: "ada",
        jti: randomUUID(),
        iat,
        exp: iat + 60,
      };
      const input = [{ alg: key.algorithm, kid: keyId, typ: "at+jwt" }, claims]
        .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
        .join(".");
      const signature = await signer.sign(Buffer.from(input));
      return `${input}.${Buffer.from(signature).toString("base64url")}`;
    },
  };
}
