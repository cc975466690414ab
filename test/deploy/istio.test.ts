import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkManifest } from "./check-manifest.ts";
import { readManifests } from "./read-manifests.ts";

describe("the Istio resources", () => {
  const manifests = readManifests("istio/authorization.yaml");
  const [provider] = Array.from(
    manifests.get("IstioOperator")?.["spec"]?.["meshConfig"]?.["extensionProviders"] ?? [],
  );
  const policy = manifests.get("AuthorizationPolicy")?.["spec"];

  for (const [kind, manifest] of manifests) {
    it(`are what Istio takes for an ${kind}`, () => {
      assert.equal(checkManifest(manifest), "");
    });
  }

  it("would be refused with an action that Istio does not know, and with a misspelt member", () => {
    const manifest = manifests.get("AuthorizationPolicy");
    assert.ok(manifest !== undefined);
    const change = (members: object): string =>
      checkManifest({ ...manifest, spec: { ...manifest["spec"], ...members } } as never);
    assert.match(change({ action: "CUSTOMIZED" }), /action must be equal to one of the allowed values/);
    assert.match(change({ providers: { name: "countersign" } }), /'"providers"' does not exist/);
  });

  it("name the same provider, ask about everything, and never fail open", () => {
    assert.deepEqual([policy?.["action"], policy?.["rules"]], ["CUSTOM", [{}]]);
    assert.equal(policy?.["provider"]?.["name"], provider?.["name"]);
    const settings: Readonly<Record<string, unknown>> = provider?.["envoyExtAuthzGrpc"] ?? {};
    assert.deepEqual(
      [settings["port"], settings["failOpen"], settings["statusOnError"]],
      [9401, false, "503"],
    );
  });

  it("say of the provider only what Istio's mesh configuration knows", () => {
    // MeshConfig.ExtensionProvider.EnvoyExternalAuthorizationGrpcProvider of istio.io/api v1.31.
    const known = [
      "service",
      "port",
      "timeout",
      "failOpen",
      "clearRouteCache",
      "statusOnError",
      "includeRequestBodyInCheck",
    ];
    assert.deepEqual(Object.keys(provider ?? {}), ["name", "envoyExtAuthzGrpc"]);
    for (const member of Object.keys(provider?.["envoyExtAuthzGrpc"] ?? {}))
      assert.ok(known.includes(member), member);
  });
});
