/**
 * Holds manifests to what Kubernetes and Istio say of themselves: to the JSON Schemas that were generated from their
 * OpenAPI and resource definitions (formats, required members, ranges), and to the types that were generated from the
 * same, for only these refuse members that nobody knows. A cluster drops those without a word.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { IstioOperator } from "@kubernetes-models/istio/install.istio.io/v1alpha1/IstioOperator";
import { AuthorizationPolicy } from "@kubernetes-models/istio/security.istio.io/v1/AuthorizationPolicy";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import type { Tree } from "./read-manifests.ts";

interface Model {
  /** Where the model and its type `I<kind>` come from. */
  readonly module: string;
  /** @throws Error that names each member that is not as the schema says. */
  readonly check: (manifest: never) => void;
}

const MODELS: Readonly<Record<string, Model>> = {
  "v1 ConfigMap": {
    module: "kubernetes-models/v1/ConfigMap",
    check: (manifest) => new ConfigMap(manifest).validate(),
  },
  "v1 Service": {
    module: "kubernetes-models/v1/Service",
    check: (manifest) => new Service(manifest).validate(),
  },
  "apps/v1 Deployment": {
    module: "kubernetes-models/apps/v1/Deployment",
    check: (manifest) => new Deployment(manifest).validate(),
  },
  "networking.k8s.io/v1 NetworkPolicy": {
    module: "kubernetes-models/networking.k8s.io/v1/NetworkPolicy",
    check: (manifest) => new NetworkPolicy(manifest).validate(),
  },
  "security.istio.io/v1 AuthorizationPolicy": {
    module: "@kubernetes-models/istio/security.istio.io/v1/AuthorizationPolicy",
    check: (manifest) => new AuthorizationPolicy(manifest).validate(),
  },
  // Its definition leaves `spec` open: istio.test.ts compares that with the members of Istio's mesh configuration.
  "install.istio.io/v1alpha1 IstioOperator": {
    module: "@kubernetes-models/istio/install.istio.io/v1alpha1/IstioOperator",
    check: (manifest) => new IstioOperator(manifest).validate(),
  },
};

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const TSC_OPTIONS = ["--ignoreConfig", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext"];

/** What is wrong with a manifest, one problem a line; "" where nothing is. */
export function checkManifest(manifest: Tree): string {
  const model = findModel(manifest);
  try {
    // The models copy what they are given.
    model.check(structuredClone(manifest) as never);
  } catch (error) {
    return String(error);
  }
  const { spec, ...known } = manifest;
  const isOpen = manifest["kind"] === ("IstioOperator" as unknown);
  return checkType(isOpen ? known : { ...known, ...(spec && { spec }) }, {
    module: model.module,
    type: `I${String(manifest["kind"])}`,
  });
}

function findModel(manifest: Tree): Model {
  const name = `${String(manifest["apiVersion"])} ${String(manifest["kind"])}`;
  const model = MODELS[name];
  if (model === undefined) throw new Error(`${name}: expected one of ${Object.keys(MODELS).join(", ")}`);
  return model;
}

/** Literals, unlike values, are refused with members that their type does not know, at any depth. */
function checkType(
  manifest: object,
  { module, type }: { readonly module: string; readonly type: string },
): string {
  // Inside the repository, so that the compiler finds the packages.
  const cache = join(REPOSITORY, ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "manifest-"));
  try {
    const path = join(folder, "manifest.ts");
    const literal = JSON.stringify(manifest, undefined, 1);
    writeFileSync(
      path,
      `import type { ${type} } from "${module}";\nexport const manifest = ${literal} satisfies ${type};\n`,
    );
    const tsc = join(REPOSITORY, "node_modules", ".bin", "tsc");
    const { status, stdout, error } = spawnSync(tsc, [...TSC_OPTIONS, path], { encoding: "utf8" });
    if (error !== undefined) throw error;
    return status === 0 ? "" : stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
