/** A process that appends revocations r-FROM to r-TO to a file, one by one, and writes each id once it is acknowledged. */

import { writeSync } from "node:fs";
import { SqliteRevocationStore } from "../../src/stores/sqlite-revocation-store.ts";
import { ISSUER } from "./sample-revocations.ts";

const [file = "", from = "0", to = "0"] = process.argv.slice(2);
const store = new SqliteRevocationStore({ path: file });
const expiresAtMs = 4_000_000_000_000;
for (let index = Number(from); index < Number(to); index++) {
  const id = `r-${index}`;
  const target = { kind: "token", issuer: ISSUER, value: id } as const;
  await store.append([
    { id, target, status: "revoked", actor: "a", reason: "b", createdAtMs: 1, expiresAtMs },
  ]);
  writeSync(1, `${id}\n`);
}
await store.close();
