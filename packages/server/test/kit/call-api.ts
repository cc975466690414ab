/** Questions to the API of a sidecar. */

export interface ApiCaller {
  /** "host:port" of the admin listener. */
  readonly admin: string;
  readonly token: string;
}

export interface ApiReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export async function callApi(
  { admin, token }: ApiCaller,
  path: string,
  init: { readonly method?: string; readonly body?: unknown; readonly headers?: Record<string, string> } = {},
): Promise<ApiReply> {
  const { method = init.body === undefined ? "GET" : "POST", body, headers } = init;
  const response = await fetch(`http://${admin}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "") && !text.includes("\n{");
  const json = isJson && text !== "" ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, text, json };
}
