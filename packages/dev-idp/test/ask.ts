/** Requests to the token endpoints, as small as they can be said. */

import type { DevIdp } from "../src/index.ts";

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

export type Form = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Asker {
  readonly clientId: string;
  /** Undefined for a public client. */
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function post(address: string, form: Form, asker: Asker): Promise<Answer> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) {
    for (const item of [value ?? []].flat()) body.append(name, item);
  }
  const headers = new Headers(asker.headers);
  if (asker.secret === undefined) body.set("client_id", asker.clientId);
  else headers.set("authorization", `Basic ${btoa(`${asker.clientId}:${asker.secret}`)}`);
  const response = await fetch(address, { method: "POST", headers, body });
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
    headers: response.headers,
  };
}

export function refresh(idp: DevIdp, token: string, more: Form & { readonly clientId?: string } = {}) {
  const { clientId = "orders-app", ...form } = more;
  return post(
    idp.tokenEndpoint,
    { grant_type: "refresh_token", refresh_token: token, ...form },
    { clientId },
  );
}
