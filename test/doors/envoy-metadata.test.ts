/** What filters behind Envoy's ext_authz learn of the principal: dynamic metadata, seen by a real Envoy. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { skipWithoutGateway } from "../kit/find-gateway.ts";
import { listSeen, sendRequest } from "../kit/send-request.ts";
import { startEnvoy } from "../kit/start-envoy.ts";
import { startStack } from "../kit/start-stack.ts";

const FIELDS = ["authenticated", "kind", "issuer_name", "subject", "client", "scopes", "roles", "expires_at"];

/** Copies each field into a header toward the upstream. */
function showMetadata(configuration: string): string {
  const removal = "request_headers_to_remove: [authorization]";
  assert.ok(configuration.includes(removal));
  const headers = FIELDS.map(
    (field) =>
      `{ header: { key: x-seen-${field.replace("_", "-")}, value: "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:${field})%" } }`,
  );
  return configuration.replace(
    removal,
    `${removal}\n                      request_headers_to_add: [${headers.join(", ")}]`,
  );
}

describe("Envoy's dynamic metadata", { skip: skipWithoutGateway("envoy") }, () => {
  it("says who it is in one form, and that nobody is nobody", async () => {
    const stack = await startStack();
    const targets = { decision: stack.extAuthzAddress, application: stack.echo.address };
    const envoy = await startEnvoy("ext-authz-grpc", { ...targets, adapt: showMetadata });
    try {
      const token = (await stack.idp?.mint()) ?? "";
      const { echo } = await sendRequest({ url: envoy.url, token });
      const seen = (field: string): string => listSeen(echo, `x-seen-${field}`).join("|");
      assert.equal(seen("authenticated"), "true");
      assert.equal(seen("kind"), "client");
      assert.equal(seen("issuer-name"), "dev");
      assert.equal(seen("subject"), stack.idp?.clientId);
      assert.equal(seen("client"), stack.idp?.clientId);
      assert.deepEqual(JSON.parse(seen("scopes")), ["orders:read", "orders:write"]);
      assert.deepEqual(JSON.parse(seen("roles")), []);
      assert.match(seen("expires-at"), /^\d{10}$/);
      const nobody = await sendRequest({ url: envoy.url, target: "/public/index" });
      assert.deepEqual(listSeen(nobody.echo, "x-seen-authenticated"), ["false"]);
      assert.doesNotMatch(listSeen(nobody.echo, "x-seen-subject").join(""), /\w/);
    } finally {
      await envoy.close();
      await stack.close();
    }
  });
});
