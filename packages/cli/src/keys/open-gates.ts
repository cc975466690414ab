import { readFile } from "node:fs/promises";
import {
  createGates,
  type Gate,
  type KeysConfiguration,
  SidecarVerifier,
  type Verifier,
} from "@countersign/signing-keys";
import type { OpenedKeys } from "./open-keys.ts";

/** What has to be seen at the verifiers and the JWKS URLs of the configuration before a key signs or leaves. */
export function openGates({ configuration, manager }: OpenedKeys): readonly Gate[] {
  const { jwksUrls, canary } = configuration;
  return createGates({
    verifiers: openVerifiers(configuration),
    jwksUrls,
    canary,
    findBackend: (name) => manager.findBackend(name),
  });
}

export function openVerifiers({ verifiers }: Pick<KeysConfiguration, "verifiers">): readonly Verifier[] {
  return verifiers.map(
    ({ name, admin, apiTokenFile }) =>
      new SidecarVerifier({ name, admin, readToken: () => readFile(apiTokenFile, "utf8") }),
  );
}
