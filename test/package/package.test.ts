import assert from "node:assert/strict";
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Installed, installEngine } from "./pack-engine.ts";

/** Makes its own issuer, then accepts its token and refuses a changed one. */
const EXAMPLE = `
import { createValidator } from "countersign";
const { publicKey, privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwks = { keys: [{ ...(await crypto.subtle.exportKey("jwk", publicKey)), key_ops: undefined, kid: "1", alg: "ES256", use: "sig" }] };
const validator = createValidator({ issuers: [{ issuer: "https://idp.example.com/", audiences: ["api"], algorithms: ["ES256"], keys: { jwks } }] });
const now = Math.floor(Date.now() / 1000);
const signed = encode({ alg: "ES256", kid: "1" }) + "." + encode({ iss: "https://idp.example.com/", sub: "ada", aud: "api", iat: now, exp: now + 60 });
const bytes = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, Buffer.from(signed));
const token = signed + "." + Buffer.from(bytes).toString("base64url");
const verdict = await validator.validate(token);
console.log(verdict.ok ? verdict.token.claims.sub : verdict.reason, (await validator.validate(token.replace(/.{4}$/, "AAAA"))).reason);
await validator.close();
`;

const TYPED = `
import { ConfigurationError, createValidator, TokenRejected, type Validator, type Verdict } from "countersign";
import { extractBearer } from "countersign/http";

const validator: Validator = createValidator({
  issuers: [{ issuer: "https://idp.example.com/", audiences: ["api"], keys: { discovery: true } }],
});

export async function guard(token: string): Promise<string> {
  const verdict: Verdict = await validator.validate(token);
  if (!verdict.ok) return verdict.reason;
  // @ts-expect-error claims are frozen
  verdict.token.claims.sub = "other";
  return verdict.token.claims.sub ?? verdict.principal.kind;
}

// @ts-expect-error a token is made by verifying, never by writing one down
export const forged: Awaited<ReturnType<Validator["verify"]>> = { header: { alg: "ES256" }, claims: { iss: "" }, issuer: "", algorithm: "ES256", keyId: "", expiresAt: 0 };
// @ts-expect-error audiences have no default
createValidator({ issuers: [{ issuer: "https://idp.example.com/", keys: { discovery: true } }] });
export const isOurs = (error: unknown): boolean => error instanceof TokenRejected || error instanceof ConfigurationError;
export const bearer: typeof extractBearer = extractBearer;
`;

const TESTING = `export * from "countersign/testing";\n`;

const TYPE_ROOT = fileURLToPath(new URL("../../node_modules/@types", import.meta.url));

/** A project as strict as TypeScript gets, which also checks the package's own declarations. */
function describeProject(
  file: string,
  settings: { readonly lib: readonly string[]; readonly types?: readonly string[] },
): string {
  const compilerOptions = {
    target: "es2023",
    lib: settings.lib,
    types: settings.types ?? [],
    typeRoots: [TYPE_ROOT],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  };
  return JSON.stringify({ compilerOptions, files: [file] });
}

describe("the npm package countersign", () => {
  let installed: Installed;
  before(async () => {
    installed = await installEngine();
  });
  after(() => installed?.close());

  it("runs an example in a clean folder where nothing else is installed", async () => {
    await installed.write({ "example.mjs": EXAMPLE });
    assert.equal(await installed.run(process.execPath, ["example.mjs"]), "ada signature_invalid\n");
    const others = (await readdir(join(installed.folder, "node_modules"))).filter(
      (name) => !name.startsWith("."),
    );
    assert.deepEqual(others, ["countersign"]);
  });

  it("has types that compile under the strictest options, without Node's types", async () => {
    await installed.write({ "typed.ts": TYPED });
    for (const library of ["webworker", "dom"]) {
      await installed.write({ "tsconfig.json": describeProject("typed.ts", { lib: ["es2023", library] }) });
      await installed.run("tsc", ["-p", "."]);
    }
  });

  it("holds everything that its exports name, and nothing but the build", async () => {
    const folder = join(installed.folder, "node_modules", "countersign");
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
      readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
      readonly dependencies?: object;
    };
    assert.equal(manifest.dependencies, undefined);
    for (const [subpath, target] of Object.entries(manifest.exports)) {
      const conditions = typeof target === "string" ? { default: target } : target;
      for (const [condition, path] of Object.entries(conditions)) {
        if (condition !== "@countersign/source")
          await access(join(folder, path)).catch(() => assert.fail(`${subpath}: ${path}`));
      }
    }
    const strays = installed.files.filter(
      (path) => !/^(?:dist\/|package\.json$|README\.md$|LICENSE$)/.test(path),
    );
    assert.deepEqual(strays, []);
    assert.deepEqual(
      installed.files.filter((path) => /tsbuildinfo|\.test\./.test(path)),
      [],
    );
  });

  it("lets tests import its local issuer, with types where Node's are there", async () => {
    const project = describeProject("testing.ts", { lib: ["es2023"], types: ["node"] });
    await installed.write({ "testing.ts": TESTING, "testing.mjs": TESTING, "tsconfig.json": project });
    await installed.run(process.execPath, ["testing.mjs"]);
    await installed.run("tsc", ["-p", "."]);
  });
});
