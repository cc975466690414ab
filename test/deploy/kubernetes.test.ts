import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkConfiguration } from "@countersign/server";
import { checkManifest } from "./check-manifest.ts";
import { readManifests, type Tree } from "./read-manifests.ts";

describe("the Kubernetes manifests", () => {
  const manifests = readManifests("kubernetes/sidecar.yaml");
  const pod = manifests.get("Deployment")?.["spec"]?.["template"]?.["spec"];
  const sidecar = pod?.["initContainers"]?.[0];

  for (const [kind, manifest] of manifests) {
    it(`are what Kubernetes takes for a ${kind}`, () => {
      assert.equal(checkManifest(manifest), "");
    });
  }

  it("would be refused with a member that Kubernetes does not know, and with a value that it does not take", () => {
    const misspell = (change: (sidecar: Record<string, unknown>) => void): string => {
      const manifest = structuredClone(manifests.get("Deployment"));
      assert.ok(manifest !== undefined);
      const [container] = manifest["spec"]?.["template"]?.["spec"]?.["initContainers"] ?? [];
      change(container as unknown as Record<string, unknown>);
      return checkManifest(manifest);
    };
    assert.match(
      misspell((container) => Object.assign(container, { restartPolicies: "Always" })),
      /'"restartPolicies"' does not exist/,
    );
    assert.match(
      misspell((container) => Object.assign(container, { ports: [{ containerPort: "8080" }] })),
      /containerPort must be integer/,
    );
  });

  it("hold a configuration that the sidecar takes", () => {
    const text = String(manifests.get("ConfigMap")?.["data"]?.["countersign.yaml"]);
    const { problems, configuration } = checkConfiguration(text, { env: {}, baseDir: "/" });
    assert.deepEqual(problems, []);
    assert.equal(configuration?.upstream, "http://127.0.0.1:3000");
  });

  it("probe the paths and the port that the configuration opens", () => {
    const ports = Array.from(sidecar?.["ports"] ?? [], (port) => [port["name"], port["containerPort"]]);
    assert.deepEqual(ports, [
      ["http", 8080],
      ["admin", 9402],
    ]);
    for (const [probe, path] of [
      ["startupProbe", "/healthz/ready"],
      ["readinessProbe", "/healthz/ready"],
      ["livenessProbe", "/healthz/live"],
    ] as const) {
      assert.deepEqual(sidecar?.[probe]?.["httpGet"], { path, port: "admin" });
    }
  });

  it("leave time for the whole drain, and mount the folder so that changes arrive", () => {
    const seconds = Number(sidecar?.["lifecycle"]?.["preStop"]?.["sleep"]?.["seconds"]);
    assert.ok(Number(pod?.["terminationGracePeriodSeconds"]) >= seconds + 20 + 2);
    const [mount] = Array.from(sidecar?.["volumeMounts"] ?? []);
    assert.deepEqual(mount, { name: "configuration", mountPath: "/etc/countersign", readOnly: true });
    assert.equal(pod?.["volumes"]?.[0]?.["configMap"]?.["name"], "countersign");
    assert.equal(sidecar?.["restartPolicy"], "Always");
  });

  it("select their own pods, and keep the admin port from others", () => {
    const labels = manifests.get("Deployment")?.["spec"]?.["template"]?.["metadata"]?.["labels"];
    assert.deepEqual(manifests.get("Deployment")?.["spec"]?.["selector"]?.["matchLabels"], labels);
    assert.deepEqual(manifests.get("Service")?.["spec"]?.["selector"], labels);
    const policy = manifests.get("NetworkPolicy")?.["spec"];
    assert.deepEqual(policy?.["podSelector"]?.["matchLabels"], labels);
    const admin = Array.from<Tree>(policy?.["ingress"] ?? []).find(
      (rule) => rule["ports"]?.[0]?.["port"] === (9402 as unknown),
    );
    assert.ok(admin?.["from"] !== undefined);
  });
});
