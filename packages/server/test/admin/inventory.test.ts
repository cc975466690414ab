import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { createTestIssuer } from "countersign/testing";
import { boundKeySets } from "../../src/admin/describe-in-force.ts";
import { readInstance } from "../../src/stores/instance-registry.ts";
import { callApi } from "../kit/call-api.ts";
import { startSidecar } from "../kit/start-sidecar.ts";
import { waitFor } from "../kit/wait-for.ts";

interface Told {
  readonly agrees: boolean;
  readonly instances: readonly { readonly id: string; readonly configurationHash: string | null }[];
  readonly differences: readonly { readonly instance: string; readonly what: string }[];
  readonly issuers: readonly { readonly name: string; readonly keySetHash: string | null }[];
}

describe("the inventory of a store", () => {
  it("finds that two instances agree, and who differs once a third has another configuration", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-inventory-"));
    const issuer = await createTestIssuer();
    const tokenFile = path.join(folder, "api.token");
    const start = (instance: string, rest: string) =>
      startSidecar({
        issuers: [{ ...issuer.validatorOptions(), name: "main" }],
        rest: `revocation: { store: { sqlite: "${path.join(folder, "r.db")}" }, instance: ${instance} }\napi: { tokenFile: "${tokenFile}" }\n${rest}`,
        listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
      });
    const common = 'routes: [{ path: "/**", allow: authenticated }]';
    const servers = [await start("one", common), await start("two", common)];
    try {
      const token = (await readFile(tokenFile, "utf8")).trim();
      const admin = servers[0]?.addresses.admin ?? "";
      const read = async (): Promise<Told> =>
        (await callApi({ admin, token }, "/inventory")).json as unknown as Told;
      await waitFor(async () => {
        const { agrees, instances } = await read();
        return agrees && instances.length === 2;
      });
      const { issuers } = await read();
      assert.equal(issuers[0]?.name, "main");
      assert.match(issuers[0]?.keySetHash ?? "", /^[\w-]{43}$/);
      servers.push(await start("zzz", 'routes: [{ path: "/other/**", allow: authenticated }]'));
      await waitFor(async () =>
        (await read()).differences.some(
          ({ instance, what }) => instance === "zzz" && what === "configuration",
        ),
      );
      assert.equal((await read()).agrees, false);
      assert.equal((await callApi({ admin, token: "guess" }, "/inventory")).status, 401);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
      await rm(folder, { recursive: true });
    }
  });

  it("reports at most 64 key sets, the last for all others, so that a change in any of them shows", () => {
    const sets = Array.from({ length: 100 }, (_, index) => ({ issuer: `i${100 + index}`, hash: "a" }));
    const bounded = boundKeySets(sets);
    assert.equal(bounded.length, 64);
    assert.equal(bounded.at(-1)?.issuer, "*");
    const changed = boundKeySets(sets.with(99, { issuer: "i199", hash: "b" }));
    assert.notEqual(changed.at(-1)?.hash, bounded.at(-1)?.hash);
  });

  it("takes of a report nothing that is too long or of another form", () => {
    const base = { id: "a", version: "1", position: 1, isConnected: true };
    const read = (rest: object) => readInstance(JSON.stringify({ ...base, ...rest }), 0);
    const many = Array.from({ length: 65 }, () => ({ issuer: "x", hash: "a" }));
    assert.equal(read({ keySets: many })?.keySets, undefined);
    assert.equal(read({ configurationHash: "a".repeat(65) })?.configurationHash, undefined);
    assert.deepEqual(read({ keySets: many.slice(1) })?.keySets, many.slice(1));
  });
});
