/** Who asks: an operator by the token file or by a token of an issuer, or a client by its secret. */

import { createHash, timingSafeEqual } from "node:crypto";

import type { Validator } from "countersign";
import { extractBearer } from "countersign/http";

import type { ApiConfiguration } from "../../config/revocation-configuration.ts";
import { ApiError, type Headers } from "./api-route.ts";

export interface AuthenticationSetup {
  readonly configuration: ApiConfiguration;
  /** Of the token file. */
  readonly token: string;
  /** Of the configuration in force. */
  validator(): Pick<Validator, "validate">;
}

/** @throws ApiError 401, 403, or 503 where it cannot be found out. */
export async function authenticateOperator(headers: Headers, setup: AuthenticationSetup): Promise<string> {
  const { configuration, token, validator } = setup;
  const extraction = extractBearer(headers.get("authorization") ?? []);
  if (extraction.kind !== "token" || extraction.scheme !== "Bearer") throw unauthorized();
  if (isSame(extraction.token, token)) return "operator";
  if (configuration.scope === undefined) throw unauthorized();
  const verdict = await validator().validate(extraction.token, { revocationFreshness: "unchecked" });
  if (!verdict.ok) {
    if (verdict.fault === "system") throw new ApiError(503, verdict.reason, verdict.message);
    throw unauthorized();
  }
  const { scopes, subject, client, issuer } = verdict.principal;
  if (!scopes.includes(configuration.scope)) {
    throw new ApiError(403, "scope_insufficient", "the token does not have the scope of operators");
  }
  return cut(`${subject ?? client ?? "somebody"} of ${issuer}`);
}

/** By HTTP Basic, or by `client_id` and `client_secret` of the form (RFC 6749 section 2.3.1). @throws ApiError 401 */
export function authenticateClient(
  headers: Headers,
  form: Readonly<Record<string, unknown>>,
  { clients }: ApiConfiguration,
): string {
  const shown = readBasic(headers.get("authorization")) ?? readForm(form);
  let found: string | undefined;
  // Each of them is compared, so that time does not tell which there are.
  for (const { id, secret } of clients) {
    const isIt = isSame(shown?.id ?? "", id);
    if (isSame(shown?.secret ?? "", secret) && isIt && shown !== undefined) found = id;
  }
  if (found === undefined)
    throw new ApiError(401, "invalid_client", "the client is not known, or its secret is another");
  return found;
}

interface Shown {
  readonly id: string;
  readonly secret: string;
}

function readBasic(values: readonly string[] = []): Shown | undefined {
  const [value, ...others] = values;
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(value ?? "")?.[1];
  if (encoded === undefined || others.length > 0 || encoded.length > 8192) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  try {
    return { id: decodeForm(text.slice(0, colon)), secret: decodeForm(text.slice(colon + 1)) };
  } catch {
    return undefined;
  }
}

function readForm({
  client_id: id,
  client_secret: secret,
}: Readonly<Record<string, unknown>>): Shown | undefined {
  return typeof id === "string" && typeof secret === "string" ? { id, secret } : undefined;
}

function decodeForm(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

/** In a time that depends on neither. */
function isSame(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function unauthorized(): ApiError {
  return new ApiError(
    401,
    "unauthorized",
    "expected `Authorization: Bearer` with the token of `api.tokenFile`",
  );
}

/** An actor has 256 characters. */
function cut(actor: string): string {
  return actor.replace(/[\p{C}]/gu, "?").slice(0, 200);
}
