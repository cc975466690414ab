/** `docs/reference/front-doors.md`: writing it, and reading its cells again. */

import { FRONT_GROUPS } from "./front-groups.ts";

/** Cells by column and row. */
export type FrontOutcomes = ReadonlyMap<string, ReadonlyMap<string, string>>;

export const PAGE = new URL("../../docs/reference/front-doors.md", import.meta.url);

const INTRODUCTION = `<!-- Written by test/doors/front-doors.test.ts (UPDATE_FRONT_DOORS=1). Change the cases, not this page. -->
# The same requests through every front door

What becomes of each request below at each front door, as the end-to-end tests see it with the configurations of
[\`deploy/\`](../../deploy), real gateways and a real upstream. Every cell is compared at every run; whatever the cell says, the
tests hold that nothing reaches the upstream without a decision, with an identity that is not the token's, with the token itself, or
where it must not.

- \`200\`, \`101\`: the upstream answered, and knew who it is from the identity headers. *nobody*: it got no identity.
- \`401 token_expired\`: the sidecar refused for this [reason](reasons.md); the client saw this status.
- \`400 its own\`: the gateway answered by itself, or the sidecar's HTTP server did (431); no decision was made.
- \`502 after yes\`: the sidecar would have let it in; the gateway or the proxy could not hand it on.
- *closed*: no answer, the connection was closed.

The columns: [nginx](../../deploy/nginx) \`auth_request\`, and its variant for WebSockets, [Traefik](../../deploy/traefik) ForwardAuth, [Caddy](../../deploy/caddy) \`forward_auth\`,
[Envoy](../../deploy/envoy) ext_authz over HTTP and gRPC, Envoy with the filters that Istio makes of an extension provider and an
\`AuthorizationPolicy\` with \`CUSTOM\`, the built-in proxy alone, and behind [HAProxy](../../deploy/haproxy) and [Apache](../../deploy/apache).

Where columns differ, the gateway does: nginx can carry no 400 and no 503 of a decision (400 becomes 401; 503 is made again by
\`error_page\`) and hands WebSockets on in one of its two configurations, Traefik, Istio and Apache make one spelling of some
paths before they ask, and some gateways take headers away that others leave for the sidecar to refuse.
`;

/** The whole page. */
export function renderFrontDoors(outcomes: FrontOutcomes): string {
  const columns = [...outcomes.keys()];
  const sections = FRONT_GROUPS.map(({ title, cases }) => {
    const rows = cases.map(({ name }) => {
      const cells = columns.map((column) => outcomes.get(column)?.get(name) ?? "?");
      return `| ${escapeCell(name)} | ${cells.join(" | ")} |`;
    });
    const head = [`| | ${columns.join(" | ")} |`, `|---|${columns.map(() => "---|").join("")}`];
    return [`## ${title}`, "", ...head, ...rows, ""].join("\n");
  });
  return `${[INTRODUCTION, ...sections].join("\n").trimEnd()}\n`;
}

/** The cells of a page. */
export function readFrontDoors(page: string): FrontOutcomes {
  const names = new Map(
    FRONT_GROUPS.flatMap(({ cases }) => cases.map(({ name }) => [escapeCell(name), name] as const)),
  );
  const outcomes = new Map<string, Map<string, string>>();
  let columns: readonly string[] = [];
  for (const line of page.split("\n").filter((text) => text.startsWith("| "))) {
    const [first = "", ...cells] = line.split(" | ").map((cell) => cell.replace(/^\|\s?|\s?\|$/g, "").trim());
    if (first === "") columns = cells;
    const name = names.get(first);
    if (name === undefined) continue;
    for (const [at, column] of columns.entries()) {
      const rows = outcomes.get(column) ?? new Map<string, string>();
      outcomes.set(column, rows.set(name, cells[at] ?? ""));
    }
  }
  return outcomes;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}
