/** The few pages that a person sees: sign in, consent, error. Self-contained; nothing is fetched from elsewhere. */

import type { DevUser } from "./users.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --page: #f4f5f7; --card: #fff; --line: #d8dde5; --mark: #b45309; --go: #1d4ed8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --page: #12161d; --card: #1b212b; --line: #333c4a; --mark: #fbbf24; --go: #7aa2ff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0; padding: 8vh 16px; }
main { max-width: 26rem; margin: 0 auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 24px 28px; }
.notice { color: var(--mark); font-size: .8rem; font-weight: 600; letter-spacing: .04em; text-transform: uppercase; margin: 0; }
h1 { font-size: 1.35rem; margin: .25rem 0 1rem; } form { margin: 0; } ul { padding-left: 1.2rem; }
button { font: inherit; width: 100%; text-align: left; margin: 0 0 8px; padding: 10px 14px; border: 1px solid var(--line); border-radius: 8px; background: none; color: inherit; cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--go); } select { font: inherit; max-width: 100%; } button small { display: block; opacity: .7; }
button.plain { border: 0; text-align: center; text-decoration: underline; margin: 0; } code { overflow-wrap: anywhere; }`;

function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} - development identity provider</title><style>${STYLE}</style></head>
<body><main><p class="notice">Development only</p><h1>${escapeHtml(title)}</h1>
${body}</main></body>
</html>
`;
}

function renderAbort(action: string): string {
  return `<form method="post" action="${escapeHtml(action)}/abort"><button class="plain">Cancel</button></form>`;
}

/** One button a person, and a choice of how strongly they sign in. `action` is the interaction's path. */
export function renderLoginPage(of: {
  readonly action: string;
  readonly client: string;
  readonly users: readonly DevUser[];
  readonly levels: readonly string[];
}): string {
  const levels = of.levels.map((level) => `<option>${escapeHtml(level)}</option>`).join("");
  const buttons = of.users.map(({ subject, name, email, roles }) => {
    const detail = [email, ...roles].join(" · ");
    return `<button name="subject" value="${escapeHtml(subject)}">${escapeHtml(name)}<small>${escapeHtml(detail)}</small></button>`;
  });
  return renderPage(
    "Sign in as",
    `<p>for <code>${escapeHtml(of.client)}</code>; there are no passwords here</p>
<form method="post" action="${escapeHtml(of.action)}/login"><p><label>as strongly as <select name="acr">${levels}</select></label></p>
${buttons.join("\n")}</form>${renderAbort(of.action)}`,
  );
}

export function renderConsentPage(of: {
  readonly action: string;
  readonly client: string;
  readonly wanted: readonly string[];
}): string {
  const items = of.wanted.map((item) => `<li><code>${escapeHtml(item)}</code></li>`).join("");
  return renderPage(
    "Allow access",
    `<p><code>${escapeHtml(of.client)}</code> asks for</p><ul>${items}</ul>
<form method="post" action="${escapeHtml(of.action)}/consent"><button>Allow</button></form>${renderAbort(of.action)}`,
  );
}

/** `form` is the provider's own, with the id "op.logoutForm". */
export function renderLogoutPage(form: string): string {
  return renderPage(
    "Log out",
    `${form}<button form="op.logoutForm" name="logout" value="yes">Log out</button>
<button class="plain" form="op.logoutForm">Stay</button>`,
  );
}

export function renderLoggedOutPage(): string {
  return renderPage("Logged out", "<p>Apps that asked for it were told.</p>");
}

/** `details` are the provider's error members; they are shown as text. */
export function renderErrorPage(details: object): string {
  const items = Object.entries(details)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<li>${escapeHtml(name)}: <code>${escapeHtml(String(value))}</code></li>`);
  return renderPage("That did not work", `<ul>${items.join("")}</ul>`);
}
