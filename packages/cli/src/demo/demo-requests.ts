import { readFile } from "node:fs/promises";
import { quoteForShell } from "../output/quote-for-shell.ts";
import type { Demo } from "./start-demo.ts";

/** One thing to try, as the guide prints it and as the self-test does it. */
export interface DemoRequest {
  readonly title: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  /** "fresh": a token from the token endpoint; a name: that header file; "none": no token. */
  readonly credential: "fresh" | "none" | keyof Demo["headerFiles"];
  readonly expectedStatus: number;
  /** In the decision and, where refused, in the problem's `code`. */
  readonly expectedReason: string;
}

/** What the guide shows, in its order. The first needs the token that the second example gets. */
export const DEMO_REQUESTS: readonly DemoRequest[] = [
  request("Get a real token and call the API with it", { credential: "fresh", expected: [200, "ok"] }),
  request("The same token, for something it does not allow", {
    method: "POST",
    credential: "fresh",
    expected: [403, "scope_insufficient"],
  }),
  request("A token that expired three minutes ago", {
    credential: "expired",
    expected: [401, "token_expired"],
  }),
  request("A token for another API", { credential: "audience", expected: [401, "audience_mismatch"] }),
  request("A token in which somebody changed the subject", {
    credential: "tampered",
    expected: [401, "signature_invalid"],
  }),
  request("No token at all", { credential: "none", expected: [401, "missing_token"] }),
];

interface RequestParts {
  readonly method?: DemoRequest["method"];
  readonly credential: DemoRequest["credential"];
  readonly expected: readonly [status: number, reason: string];
}

function request(title: string, { method = "GET", credential, expected }: RequestParts): DemoRequest {
  const [expectedStatus, expectedReason] = expected;
  return { title, method, path: "/orders", credential, expectedStatus, expectedReason };
}

/** Lines to copy into a shell. The first of them sets TOKEN for the others. */
export function writeCommand(demo: Demo, { credential, method, path }: DemoRequest): readonly string[] {
  const url = `${demo.urls.proxy}${path}`;
  const flags = method === "GET" ? "-i" : `-i -X ${method}`;
  if (credential === "none") return [`curl ${flags} ${url}`];
  if (credential !== "fresh")
    return [`curl ${flags} -H ${quoteForShell(`@${demo.headerFiles[credential]}`)} ${url}`];
  const call = `curl ${flags} -H "Authorization: Bearer $TOKEN" ${url}`;
  if (method !== "GET") return [call];
  return [
    `TOKEN=$(curl -s -u ${demo.client.id}:${demo.client.secret} -d grant_type=client_credentials \\`,
    `  -d scope=orders:read ${demo.tokenEndpoint} | grep -o 'eyJ[^"]*')`,
    call,
  ];
}

/** The `Authorization` header that a request needs, or undefined. */
export async function readCredential(demo: Demo, { credential }: DemoRequest): Promise<string | undefined> {
  if (credential === "none") return undefined;
  if (credential === "fresh") return `Bearer ${await fetchToken(demo)}`;
  const line = await readFile(demo.headerFiles[credential], "utf8");
  return line.trim().replace(/^Authorization: /, "");
}

/** Asks the identity provider as the guide's first command does. */
async function fetchToken({ client, tokenEndpoint }: Demo): Promise<string> {
  const response = await fetch(tokenEndpoint, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "orders:read" }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = (await response.json()) as { access_token?: unknown };
  if (typeof answer.access_token === "string") return answer.access_token;
  throw new Error(`the token endpoint answered ${response.status} without a token`);
}
