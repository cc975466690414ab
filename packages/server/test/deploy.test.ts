/** What is handed out for Kubernetes, Istio and systemd; what starts a gateway is tested by starting it. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { checkConfiguration } from "../src/config/check-configuration.ts";

const ANALYZER = "systemd-analyze";
const DEPLOY = new URL("../../../deploy/", import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, DEPLOY), "utf8");
}

type Tree = { readonly [key: string]: Tree } & readonly Tree[];

/** Documents by kind. Duplicate keys and other defects of the YAML throw. */
function readManifests(path: string): ReadonlyMap<string, Tree> {
  const documents = parseAllDocuments(read(path), { uniqueKeys: true });
  return new Map(
    documents.map((document) => {
      assert.deepEqual(document.errors, []);
      const tree = document.toJS() as Tree;
      assert.equal(typeof tree["apiVersion"], "string");
      assert.equal(typeof tree["metadata"]?.["name"], "string");
      return [String(tree["kind"]), tree];
    }),
  );
}

describe("the Kubernetes manifests", () => {
  const manifests = readManifests("kubernetes/sidecar.yaml");
  const pod = manifests.get("Deployment")?.["spec"]?.["template"]?.["spec"];
  const sidecar = pod?.["initContainers"]?.[0];

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
    const admin = Array.from(policy?.["ingress"] ?? []).find(
      (rule) => rule["ports"]?.[0]?.["port"] === (9402 as unknown),
    );
    assert.ok(admin?.["from"] !== undefined);
  });
});

describe("the Istio resources", () => {
  it("name the same provider, ask about everything, and never fail open", () => {
    const manifests = readManifests("istio/authorization.yaml");
    const [provider] = Array.from(
      manifests.get("IstioOperator")?.["spec"]?.["meshConfig"]?.["extensionProviders"] ?? [],
    );
    const policy = manifests.get("AuthorizationPolicy")?.["spec"];
    assert.deepEqual([policy?.["action"], policy?.["rules"]], ["CUSTOM", [{}]]);
    assert.equal(policy?.["provider"]?.["name"], provider?.["name"]);
    const settings: Readonly<Record<string, unknown>> = provider?.["envoyExtAuthzGrpc"] ?? {};
    assert.deepEqual(
      [settings["port"], settings["failOpen"], settings["statusOnError"]],
      [9401, false, "503"],
    );
  });
});

describe("the systemd unit", () => {
  const isThere = spawnSync(ANALYZER, ["--version"]).status === 0;

  it("is taken by systemd", { skip: isThere ? false : "systemd-analyze is not installed" }, () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-"));
    try {
      const path = join(folder, "countersign.service");
      // The program is not installed where the tests run.
      writeFileSync(
        path,
        read("systemd/countersign.service").replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"),
      );
      const { status, stderr } = spawnSync(ANALYZER, ["verify", "--man=no", path], {
        encoding: "utf8",
      });
      const ours = stderr.split("\n").filter((line) => line.includes("countersign.service"));
      assert.deepEqual([status, ours], [0, []]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
