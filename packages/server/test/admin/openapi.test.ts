import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { createTestIssuer } from "countersign/testing";
import * as z from "zod";
import { type Sidecar, startSidecar } from "../kit/start-sidecar.ts";

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

describe("the description of the API", () => {
  let folder: string;
  let sidecar: Sidecar;
  let document: Document;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "countersign-openapi-"));
    const issuer = await createTestIssuer();
    const api = `{ tokenFile: "${path.join(folder, "t")}", clients: [{ id: c, secret: 0123456789abcdef }] }`;
    sidecar = await startSidecar({
      issuers: [issuer.validatorOptions()],
      rest: `revocation: {}\napi: ${api}\nroutes: [{ path: "/**", allow: authenticated }]`,
      listeners: 'decision: "127.0.0.1:0", admin: "127.0.0.1:0"',
    });
    const response = await fetch(`http://${sidecar.addresses.admin}/api/v1/openapi.json`);
    document = (await response.json()) as Document;
  });
  after(async () => {
    await sidecar.close();
    await rm(folder, { recursive: true });
  });

  const operations = (): readonly (readonly [string, string, Operation])[] =>
    Object.entries(document.paths).flatMap(([target, methods]) =>
      Object.entries(methods).map(([method, operation]) => [target, method, operation] as const),
    );

  it("is OpenAPI 3.1, names each operation once and each of its parameters", () => {
    assert.equal(document.openapi, "3.1.0");
    const ids = operations().map(([, , { operationId }]) => operationId);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.length >= 8);
    for (const [target, , { parameters = [], responses, security }] of operations()) {
      const inPath = parameters.filter((parameter) => parameter.in === "path");
      assert.deepEqual(
        inPath.map(({ name }) => name),
        [...target.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      );
      assert.ok(inPath.every(({ required }) => required));
      assert.ok(Object.values(responses).every(({ description }) => description !== ""));
      assert.ok(security.length > 0);
    }
  });

  it("refers to nothing that it does not have, and holds schemas that can be read", () => {
    const text = JSON.stringify(document);
    for (const [, pointer = ""] of text.matchAll(/"\$ref":"#([^"]+)"/g)) {
      const found = pointer
        .split("/")
        .slice(1)
        .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
      assert.ok(found !== undefined, pointer);
    }
    let schemas = 0;
    visit(document, (node) => {
      if (typeof node["schema"] !== "object" || node["schema"] === null || "$ref" in node["schema"]) return;
      z.fromJSONSchema(node["schema"] as Parameters<typeof z.fromJSONSchema>[0]);
      schemas++;
    });
    assert.ok(schemas > 10);
  });

  it("lists no operation that answers strangers, but itself", async () => {
    for (const [target, method, { operationId }] of operations()) {
      const url = `http://${sidecar.addresses.admin}${target.replace("{id}", "x")}`;
      const type =
        operationId === "revokeOwnToken" ? "application/x-www-form-urlencoded" : "application/json";
      const body = method === "post" ? { body: "token=x", headers: { "content-type": type } } : {};
      const { status } = await fetch(url, { method: method.toUpperCase(), ...body });
      assert.equal(status, operationId === "describeApi" ? 200 : 401, `${method} ${target}`);
    }
  });
});

function visit(node: unknown, act: (node: Record<string, unknown>) => void): void {
  if (typeof node !== "object" || node === null) return;
  if (!Array.isArray(node)) act(node as Record<string, unknown>);
  for (const value of Object.values(node)) visit(value, act);
}
