import { alignColumns, wrapWords } from "../output/columns.ts";
import { quoteForShell } from "../output/quote-for-shell.ts";
import type { Terminal } from "../terminal.ts";
import type { DemoRequest } from "./demo-requests.ts";
import { DEMO_REQUESTS, writeCommand } from "./demo-requests.ts";
import type { Demo } from "./start-demo.ts";

// With indent and backslash within 80 columns, whatever the terminal has: people narrow their windows.
const COMMAND_WIDTH = 74;

/** What a newcomer reads first: what runs, what to try, what it will answer, and how to look behind it. */
export function renderGuide(
  demo: Demo,
  context: { readonly terminal: Terminal; readonly invocation: readonly string[] },
): string {
  const { terminal, invocation } = context;
  const { paint } = terminal;
  const heading = (text: string): string => paint("bold", text);
  const lines = [
    "",
    `${paint(["cyan", "bold"], "Countersign")} ${heading("is running, in front of an API that trusts every caller.")}`,
    "",
    ...renderAddresses(demo, terminal),
    ...renderReplacements(demo, terminal),
    "",
    heading("Try it in a second terminal"),
    ...DEMO_REQUESTS.flatMap((request, index) => [
      "",
      ...renderRequest(demo, { request, number: index + 1, terminal }),
    ]),
    "",
    heading("Look behind it"),
    "",
    paint("dim", "  # why is the expired one refused? every check, with what to do"),
    ...wrapCommand([
      ...invocation.map(quoteForShell),
      "explain",
      `-c ${quoteForShell(demo.configurationFile)}`,
      `-f ${quoteForShell(demo.headerFiles.expired)}`,
    ]),
    paint("dim", "  # the counts, for Prometheus"),
    `  curl -s ${demo.urls.admin}/metrics | grep validations_total`,
    "",
    `${heading("Every decision, as it is made")} ${paint("dim", "(Ctrl-C stops all of it)")}`,
    "",
  ];
  return `${lines.join("\n")}\n`;
}

/** A command over as many lines as it needs, in a form that a shell takes as one. */
function wrapCommand(words: readonly string[]): string[] {
  const lines = wrapWords(words, COMMAND_WIDTH);
  return lines.map(
    (line, index) => `${index === 0 ? "  " : "    "}${line}${index === lines.length - 1 ? "" : " \\"}`,
  );
}

function renderAddresses({ urls }: Demo, { paint }: Terminal): string[] {
  const rows = [
    ["the API, through the proxy", urls.proxy, paint("dim", `→ ${urls.upstream}`)],
    ["decisions for gateways", urls.decision, paint("dim", "/authz  /authz/nginx")],
    ["health and metrics", urls.admin, paint("dim", "/healthz/ready  /metrics")],
    ["identity provider", urls.idp, paint("dim", "OpenID, for development")],
  ];
  return alignColumns(rows);
}

function renderReplacements({ replacedPorts }: Demo, { paint }: Terminal): string[] {
  if (replacedPorts.length === 0) return [];
  const ports =
    replacedPorts.length === 1 ? `Port ${replacedPorts[0]} was` : `Ports ${replacedPorts.join(", ")} were`;
  return ["", paint("yellow", `  ${ports} in use; free ones were taken instead.`)];
}

interface NumberedRequest {
  readonly request: DemoRequest;
  readonly number: number;
  readonly terminal: Terminal;
}

function renderRequest(demo: Demo, { request, number, terminal }: NumberedRequest): string[] {
  const { paint } = terminal;
  const { expectedStatus, expectedReason } = request;
  const answer = expectedStatus === 200 ? "200" : `${expectedStatus} ${expectedReason}`;
  const title = `  ${paint("dim", `${number}.`)} ${request.title} ${paint(expectedStatus === 200 ? "green" : "red", `→ ${answer}`)}`;
  return [title, ...writeCommand(demo, request).map((line) => paint("cyan", `  ${line}`))];
}
