/** Sign-in and consent: the part that oidc-provider leaves to its user. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import type { InteractionResults } from "oidc-provider";
import { renderConsentPage, renderErrorPage, renderLoginPage } from "./pages.ts";
import { DEV_ACR_VALUES, readAcrValues } from "./step-up.ts";
import { DEV_USERS, findUser } from "./users.ts";

interface Exchange {
  readonly provider: Provider;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

type Interaction = Awaited<ReturnType<Provider["interactionDetails"]>>;

/** Longest form that is read, in bytes; ours are shorter than 100. */
const MAX_FORM_BYTES = 4096;
const PATH = /^\/interaction\/([\w-]{1,64})(?:\/(login|consent|abort))?$/;

/** True where the request is one of these pages; then it is answered. */
export function isInteraction(request: IncomingMessage): boolean {
  return PATH.test(request.url ?? "");
}

/** Answers a request for which `isInteraction` is true. Rejects only for defects. */
export async function answerInteraction(exchange: Exchange): Promise<void> {
  const { provider, request, response } = exchange;
  const [, uid, step] = PATH.exec(request.url ?? "") ?? [];
  let interaction: Interaction;
  try {
    // Reads the signed cookie of this interaction: SameSite=Lax, so no other site can submit these forms.
    interaction = await provider.interactionDetails(request, response);
  } catch {
    return sendPage(
      response,
      400,
      renderErrorPage({ error: "This sign-in has expired; start again in your app" }),
    );
  }
  if (interaction.uid !== uid)
    return sendPage(response, 400, renderErrorPage({ error: "Another sign-in is under way" }));
  if (step === undefined && request.method === "GET") return sendPrompt(response, interaction);
  if (step === undefined || request.method !== "POST") {
    return sendPage(response, 405, renderErrorPage({ error: "This page is not asked for in this way" }));
  }
  const result = await decide(exchange, { interaction, step });
  if (result === undefined)
    return sendPage(response, 400, renderErrorPage({ error: "The form does not fit this step" }));
  await provider.interactionFinished(request, response, result, {
    mergeWithLastSubmission: step !== "abort",
  });
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy":
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(html);
}

function sendPrompt(response: ServerResponse, interaction: Interaction): void {
  const action = `/interaction/${interaction.uid}`;
  const client = String(interaction.params["client_id"]);
  if (interaction.prompt.name === "login") {
    const levels = listLevels(interaction);
    sendPage(response, 200, renderLoginPage({ action, client, users: DEV_USERS, levels }));
  } else {
    sendPage(
      response,
      200,
      renderConsentPage({ action, client, wanted: listWanted(readMissing(interaction)) }),
    );
  }
}

async function decide(
  exchange: Exchange,
  at: { readonly interaction: Interaction; readonly step: string },
): Promise<InteractionResults | undefined> {
  if (at.step === "abort") return { error: "access_denied", error_description: "The user canceled" };
  if (at.step !== at.interaction.prompt.name) return undefined;
  if (at.step === "consent")
    return { consent: { grantId: await saveGrant(exchange.provider, at.interaction) } };
  const form = await readForm(exchange.request);
  const user = findUser(form?.get("subject"));
  if (user === undefined) return undefined;
  const offered = listLevels(at.interaction);
  const acr = form?.get("acr") ?? offered[0];
  return acr !== undefined && offered.includes(acr) ? { login: { accountId: user.subject, acr } } : undefined;
}

/** Levels that somebody can sign in at: where the app asks for some, these and no other. */
function listLevels({ params }: Interaction): readonly string[] {
  const wanted = readAcrValues(params);
  return DEV_ACR_VALUES.filter((acr) => wanted?.includes(acr) ?? true);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_FORM_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

interface Missing {
  readonly scopes: readonly string[];
  readonly claims: readonly string[];
  readonly resources: readonly (readonly [audience: string, scopes: readonly string[]])[];
}

function readMissing({ prompt }: Interaction): Missing {
  const details = prompt.details as {
    readonly missingOIDCScope?: readonly string[];
    readonly missingOIDCClaims?: readonly string[];
    readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>;
  };
  return {
    scopes: details.missingOIDCScope ?? [],
    claims: details.missingOIDCClaims ?? [],
    resources: Object.entries(details.missingResourceScopes ?? {}),
  };
}

function listWanted({ scopes, claims, resources }: Missing): readonly string[] {
  const ofResources = resources.flatMap(([audience, names]) => names.map((name) => `${name} at ${audience}`));
  return [...scopes, ...claims, ...ofResources];
}

async function saveGrant(provider: Provider, interaction: Interaction): Promise<string> {
  const { grantId, params, session } = interaction;
  const existing = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant =
    existing ??
    new provider.Grant({ accountId: session?.accountId ?? "", clientId: String(params["client_id"]) });
  const { scopes, claims, resources } = readMissing(interaction);
  if (scopes.length > 0) grant.addOIDCScope(scopes.join(" "));
  if (claims.length > 0) grant.addOIDCClaims([...claims]);
  for (const [audience, names] of resources) grant.addResourceScope(audience, names.join(" "));
  return grant.save();
}
