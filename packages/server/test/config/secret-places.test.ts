import assert from "node:assert/strict";
import { test } from "node:test";
import { listSecretPlaces } from "../../src/config/secret-places.ts";

test("secrets are listed by their place and by how they are written, and certificates are none", () => {
  const text = `
api: { clients: [{ id: one, secret: "\${SECRET}" }] }
revocation: { store: { redis: { urls: ["redis://127.0.0.1"], password: typed } } }
proxy: { tls: { ca: "file:ca.pem", key: "file:key.pem" } }
audit: { webhook: { url: "https://user:word@siem.example/" } }
issuers: [{ keys: { secrets: [{ base64url: "cost: $\${5}" }] } }]
`;
  assert.deepEqual(listSecretPlaces(text, "/etc/countersign"), [
    { path: "api.clients[0].secret", source: "environment" },
    { path: "revocation.store.redis.password", source: "literal" },
    { path: "proxy.tls.key", source: "file", file: "/etc/countersign/key.pem" },
    { path: "audit.webhook.url", source: "literal" },
    { path: "issuers[0].keys.secrets[0].base64url", source: "literal" },
  ]);
});

test("what is no YAML has no places of secrets", () => {
  assert.deepEqual(listSecretPlaces("{", "/"), []);
});
