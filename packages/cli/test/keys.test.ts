import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { parseConfiguration, type RunningServer, startServer } from "@countersign/server";
import { createFileSigner } from "./kit/create-file-signer.ts";
import type { CliResult } from "./kit/run-cli.ts";
import { runInProcess } from "./kit/run-in-process.ts";

interface Shown {
  readonly changes: readonly { readonly action: string; readonly keyId: string; readonly actor: string }[];
  readonly holds?: readonly { readonly kind: string; readonly step: string; readonly kid: string }[];
  readonly rotating?: boolean;
  readonly version: number;
  readonly keys: readonly { readonly kid: string; readonly state: string }[];
  readonly verifiers?: readonly { readonly name: string; readonly outcome: string }[];
  readonly instances?: readonly {
    readonly verifier: string;
    readonly status: string;
    readonly lastAcceptedAtMs?: number;
    readonly acceptedAfterMs?: number;
  }[];
  readonly blastRadius?: { readonly acceptances: number } | null;
}

/** A folder with a configuration of its own, and what is run there. */
class Place {
  readonly folder: string;
  readonly #file: string;

  constructor(folder: string) {
    this.folder = folder;
    this.#file = path.join(folder, "keys.yaml");
  }

  static async make(more: string): Promise<Place> {
    const folder = await mkdtemp(path.join(tmpdir(), "countersign-cli-keys-"));
    const place = new Place(folder);
    await writeFile(path.join(folder, "passphrase"), "correct horse battery staple\n", { mode: 0o600 });
    await place.configure(more);
    return place;
  }

  configure(more: string): Promise<void> {
    const text = `issuer: https://idp.example.com/
store: { sqlite: ledger.db }
backend: { backend: file, directory: private, passphrase: { file: passphrase }, scryptCost: 32768 }
jwksFile: jwks.json
${more}
`;
    return writeFile(this.#file, text);
  }

  run(...args: readonly string[]): Promise<CliResult> {
    return runInProcess(["keys", ...args, "--config", this.#file]);
  }

  /** What a command that must succeed (or end with `code`) shows as JSON. */
  async show(args: readonly string[], code = 0): Promise<Shown> {
    const result = await this.run(...args, "--json", "--actor", "tests");
    assert.equal(result.code, code, `${args.join(" ")}: ${result.stderr}${result.stdout.slice(0, 500)}`);
    return JSON.parse(result.stdout) as Shown;
  }

  async readKids(): Promise<readonly string[]> {
    const jwks = JSON.parse(await readFile(path.join(this.folder, "jwks.json"), "utf8")) as {
      keys: { kid: string }[];
    };
    return jwks.keys.map(({ kid }) => kid);
  }

  dispose(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}

function statesOf({ keys }: Shown): string {
  return keys.map(({ state }) => state).join(" ");
}

function kidOf({ keys }: Shown, state: string): string {
  return keys.find((key) => key.state === state)?.kid ?? "";
}

/** Waits of no time at all: what is due is due at once. */
const INSTANT =
  "timing: { publishSeconds: 0, sharedCacheSeconds: 0, clientCacheSeconds: 0, staleSeconds: 0, switchSeconds: 0, tokenLifetimeSeconds: 0.001, leewaySeconds: 0, clockErrorSeconds: 0 }\nretentionSeconds: 0";

describe("countersign keys", () => {
  const places: Place[] = [];
  const make = async (more = ""): Promise<Place> => {
    const place = await Place.make(more);
    places.push(place);
    return place;
  };
  after(() => Promise.all(places.map((place) => place.dispose())));

  it("makes the first keys once, and writes the JWKS", async () => {
    const place = await make();
    const tried = await place.run("init", "--dry-run");
    assert.deepEqual([tried.code, tried.stderr], [0, ""]);
    assert.match(tried.stdout, /would make an active key and one that stands by/);
    assert.equal((await place.run("list")).code, 2);
    const made = await place.show(["init"]);
    assert.equal(statesOf(made), "active next");
    assert.deepEqual(await place.readKids(), [kidOf(made, "active"), kidOf(made, "next")]);
    assert.deepEqual((await place.show(["init"])).changes, []);
    assert.equal((await stat(path.join(place.folder, "ledger.db"))).mode & 0o777, 0o600);
    const listed = await place.run("list");
    assert.match(listed.stdout, /active .* signs since .*\n.*next .* ripe .*\(in 24 h\)/);
  });

  it("says when each step is safe, and draws it", async () => {
    const place = await make();
    await place.show(["init"]);
    const picture = path.join(place.folder, "plan.svg");
    const { stdout, code } = await place.run(
      "plan",
      "--picture",
      picture,
      "--every",
      "1h",
      "--assume-cache",
      "24h",
    );
    assert.equal(code, 0);
    assert.match(stdout, /G = P \+ A \+ C \+ S = 173130 s/);
    assert.match(stdout, /a rotation every 3600 s is more often than/);
    assert.match(await readFile(picture, "utf8"), /^<svg /);
    const planned = JSON.parse((await place.run("plan", "--json")).stdout) as { steps: { action: string }[] };
    assert.deepEqual(
      planned.steps.map(({ action }) => action),
      ["publish", "promote", "remove", "destroy"],
    );
  });

  it("rotates as far as it is safe, and no further without an emergency and a reason", async () => {
    const place = await make();
    const first = await place.show(["init"]);
    const rotating = await place.show(["rotate"]);
    assert.equal(statesOf(rotating), "active next next");
    assert.deepEqual(
      rotating.holds?.map(({ kind, step }) => `${kind} ${step}`),
      ["time promote"],
    );
    const early = await place.run("promote");
    assert.equal(early.code, 1);
    assert.match(early.stderr, /not before .*\n.*--emergency --reason/);
    assert.equal((await place.run("promote", "--emergency")).code, 2);
    const { version } = await place.show(["list"]);
    const tried = await place.show(["promote", "--emergency", "--reason", "test", "--dry-run"]);
    assert.equal(statesOf(tried), "retiring active next");
    assert.equal((await place.show(["list"])).version, version);
    await place.show(["promote", "--emergency", "--reason", "test"]);
    assert.equal((await place.run("remove")).code, 1);
    assert.equal((await place.readKids())[0], kidOf(first, "next"));
  });

  it("does a whole rotation at once where nothing has to be waited for", async () => {
    const place = await make(INSTANT);
    await place.show(["init"]);
    const done = await place.show(["rotate", "--wait-seconds", "5"]);
    assert.equal(done.rotating, false);
    assert.equal(statesOf(await place.show(["rotate", "--continue"])), "destroyed active next");
    assert.deepEqual(new Set(done.changes.map(({ actor }) => actor)), new Set(["tests"]));
  });

  it("begins no rotation before the key is as old as asked", async () => {
    const place = await make();
    await place.show(["init"]);
    assert.deepEqual((await place.show(["rotate", "--if-older-than", "30d"])).changes, []);
    for (const wrong of ["soon", "1y", "-1", "400d"]) {
      assert.equal((await place.run("rotate", "--if-older-than", wrong)).code, 2, wrong);
    }
  });

  it("retires the active key by its successor, and takes a waiting one out of line", async () => {
    const place = await make(INSTANT);
    await place.show(["init"]);
    await place.configure("");
    await place.configure(INSTANT);
    const rotating = await place.show(["rotate", "--continue"]);
    assert.equal(statesOf(rotating), "active next");
    const refused = await place.run("retire");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /no other key would be ripe/);
    const kid = kidOf(rotating, "next");
    const withdrawn = await place.show(["retire", kid, "--emergency", "--reason", "test"]);
    assert.equal(statesOf(withdrawn), "active retiring");
  });

  it("says what is wrong with the file, the kid, the store and the secret, each by its exit code", async () => {
    const place = await make();
    assert.equal((await runInProcess(["keys", "list", "--config", "/nowhere.yaml"])).code, 2);
    await place.show(["init"]);
    const unknown = await place.run("promote", "nobody");
    assert.deepEqual([unknown.code, /no key of this kid/.test(unknown.stderr)], [2, true]);
    await place.configure("timing: { ttl: 5 }");
    const wrong = await place.run("list");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /keys\.timing\.ttl/);
    await place.configure("  - broken: [");
    assert.match((await place.run("list")).stderr, /is no YAML/);
    await place.configure("");
    await writeFile(path.join(place.folder, "passphrase"), "wrong horse battery staple", { mode: 0o600 });
    const sealed = await place.run("promote", "--emergency", "--reason", "test");
    assert.equal(sealed.code, 2, sealed.stderr);
    assert.ok(!sealed.stderr.includes("horse"));
    await writeFile(path.join(place.folder, "ledger.db"), "no database".repeat(100));
    assert.equal((await place.run("list")).code, 3);
  });
});

describe("countersign keys revoke and restore", () => {
  let place: Place;
  let sidecar: RunningServer;
  let jwks: ReturnType<typeof createServer>;

  before(async () => {
    place = await Place.make("");
    jwks = createServer((_request, response) => {
      readFile(path.join(place.folder, "jwks.json")).then(
        (body) => response.writeHead(200, { "Content-Type": "application/jwk-set+json" }).end(body),
        () => response.writeHead(503).end(),
      );
    });
    await new Promise<void>((resolve) => void jwks.listen(0, "127.0.0.1", resolve));
    await place.show(["init"]);
    const { port } = jwks.address() as AddressInfo;
    const tokenFile = path.join(place.folder, "api.token");
    const text = `
listeners: { decision: "127.0.0.1:0", admin: "127.0.0.1:0" }
issuers: [{ issuer: "https://idp.example.com/", name: main, audiences: [api], algorithms: [ES256], profile: jwt, types: ["at+jwt"], keys: { jwksUri: "http://127.0.0.1:${port}/", insecureLoopbackHttp: true } }]
revocation: { store: { sqlite: "${path.join(place.folder, "revocations.db")}" }, instance: one }
api: { tokenFile: "${tokenFile}" }
routes: [{ path: "/**", allow: authenticated }]
`;
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
    sidecar = await startServer(parseConfiguration(text, { env: {}, baseDir: "/" }), { logger: silent });
    await sidecar.validator.ready();
    const verifier = `{ name: one, admin: "${sidecar.addresses.admin}", apiTokenFile: api.token }`;
    await place.configure(`verifiers: [${verifier}]`);
  });
  after(async () => {
    await sidecar.close();
    jwks.closeAllConnections();
    await new Promise((resolve) => jwks.close(resolve));
    await place.dispose();
  });

  it("kills a key that signs: another signs, every verifier refuses, the JWKS goes without it, one stands by", async () => {
    const before = await place.show(["list"]);
    const kid = kidOf(before, "active");
    const signer = await createFileSigner(place.folder, kid);
    const token = await signer.sign();
    assert.equal((await sidecar.validator.validate(token)).ok, true);
    assert.equal((await place.run("revoke", kid, "--reason", "leaked")).code, 2);
    assert.equal((await place.run("revoke", kid, "--emergency")).code, 2);
    const acceptedMs = Date.now();
    const trail = path.join(place.folder, "audit.jsonl");
    await writeFile(trail, `${JSON.stringify({ event: "token.accepted", keyId: kid, subject: "s" })}\n`);
    const flags = ["--emergency", "--reason", "leaked", "--audit-log", trail];
    const revoked = await place.show(["revoke", kid, ...flags]);
    const [instance] = revoked.instances ?? [];
    assert.equal(`${instance?.verifier} ${instance?.status}`, "one refuses");
    assert.ok(Math.abs((instance?.lastAcceptedAtMs ?? 0) - acceptedMs) < 5000);
    assert.ok((instance?.acceptedAfterMs ?? 0) < 0, "before the command began");
    assert.equal(revoked.blastRadius?.acceptances, 1);
    assert.deepEqual(
      revoked.verifiers?.map(({ name, outcome }) => `${name} ${outcome}`),
      ["one added"],
    );
    const verdict = await sidecar.validator.validate(token);
    assert.equal(verdict.ok ? "ok" : verdict.reason, "token_revoked");
    assert.equal(statesOf(revoked), "revoked active next");
    assert.deepEqual(await place.readKids(), [kidOf(revoked, "active"), kidOf(revoked, "next")]);
    const again = await place.show(["revoke", kid, "--emergency", "--reason", "leaked"]);
    assert.deepEqual(again.changes, []);
    assert.equal(again.verifiers?.[0]?.outcome, "known");
    const restored = await place.show(["restore", kid, "--reason", "the wrong one"]);
    assert.equal(restored.verifiers?.[0]?.outcome, "lifted");
    assert.ok((await place.readKids()).includes(kid));
    assert.equal((await sidecar.validator.validate(await signer.sign())).ok, true);
    const twice = await place.show(["revoke", kid, "--emergency", "--reason", "leaked after all"]);
    assert.equal(twice.verifiers?.[0]?.outcome, "added");
  });

  it("goes on where a verifier gives no answer, and ends with 3 and its name", async () => {
    await place.configure('verifiers: [{ name: gone, admin: "127.0.0.1:1", apiTokenFile: api.token }]');
    const kid = kidOf(await place.show(["list"]), "active");
    const { code, stderr, stdout } = await place.run(
      "revoke",
      kid,
      "--emergency",
      "--reason",
      "leaked",
      "--json",
    );
    assert.equal(code, 3);
    assert.match(stderr, /gone was not told/);
    const shown = JSON.parse(stdout) as Shown;
    assert.equal(shown.keys.find((key) => key.kid === kid)?.state, "revoked");
    assert.ok(!(await place.readKids()).includes(kid));
  });

  it("warns where no verifier is configured", async () => {
    await place.configure("");
    const kid = kidOf(await place.show(["list"]), "active");
    const { stderr } = await place.run("revoke", kid, "--emergency", "--reason", "leaked");
    assert.match(stderr, /no verifier is configured/);
  });
});

it("a key whose name begins with a dash is taken for a key, and not for an option", async () => {
  const place = await Place.make("");
  try {
    await place.run("init");
    const keyId = `-${"x".repeat(42)}`;
    const { stderr } = await place.run("restore", keyId, "--reason", "removed too early");
    assert.match(stderr, /there is no key of this kid/);
  } finally {
    await rm(place.folder, { recursive: true });
  }
});
