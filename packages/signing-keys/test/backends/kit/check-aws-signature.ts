import { createHash, createHmac } from "node:crypto";
import type { FakeRequest } from "./start-fake-service.ts";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(?<id>\w+)\/(?<scope>\d{8}\/(?<region>[\w-]+)\/kms\/aws4_request), SignedHeaders=(?<names>[\w;-]+), Signature=(?<signature>[0-9a-f]{64})$/;
/** Without these a request could be sent again to another place, at another time, or for something else. */
const REQUIRED = ["host", "x-amz-date", "x-amz-target"];

/** What is wrong with a request's signature (AWS Signature Version 4), or undefined. */
export function findSignatureProblem(
  { method, target, headers, body }: FakeRequest,
  { accessKeyId, secretAccessKey }: AwsCredentials,
): string | undefined {
  const {
    id,
    scope = "",
    names = "",
    signature,
  } = AUTHORIZATION.exec(headers["authorization"] ?? "")?.groups ?? {};
  if (id === undefined) return "MissingAuthenticationTokenException";
  if (id !== accessKeyId) return "UnrecognizedClientException";
  const signed = names.split(";");
  if (!REQUIRED.every((name) => signed.includes(name))) return "IncompleteSignatureException";
  const date = headers["x-amz-date"] ?? "";
  const canonical = [
    method,
    target,
    "",
    ...signed.map((name) => `${name}:${headers[name] ?? ""}`),
    "",
    names,
    digest(body),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, scope, digest(canonical)].join("\n");
  let key: string | Buffer = `AWS4${secretAccessKey}`;
  for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  const expected = createHmac("sha256", key).update(text).digest("hex");
  return expected === signature && date.startsWith(scope.slice(0, 8))
    ? undefined
    : "InvalidSignatureException";
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
