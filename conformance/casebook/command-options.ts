import { readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";

import { deriveTokens } from "./derive-tokens.ts";
import type { Scene } from "./scene.ts";

export const USAGE = `Usage: npm run casebook -- --target URL --upstream-echo URL [options]
       npm run casebook -- --serve-echo PORT

Points the casebook at a gateway: requests by which published gateways were passed around.
The gateway must guard the echo application of this command, with one open and one guarded path.

  --target URL            the gateway, over plain HTTP
  --upstream-echo URL     the echo application behind it, as it is reached directly
  --serve-echo PORT       runs the echo application on 127.0.0.1 until it is ended
  --token-file FILE       a valid token, or a JSON object of tokens by kind with at least "valid";
                          without it, what needs a valid token is not testable
  --open PATH             a path that anyone may ask for (default /public/index)
  --guarded PATH          a path that needs a token (default /orders/1)
  --optional PATH         a path that takes no token or a valid one
  --host NAME             the Host to ask for (default the target's)
  --guarded-host NAME     a Host for which the open path needs a token too
  --identity-header NAME  how the application is told who asks; may be repeated
                          (default x-auth-subject and x-auth-roles)
  --json FILE             writes the results as JSON too
  --i-own-this-target     allows targets that are not on this machine: these are attacks

Exit code: 0 none of them works, 1 at least one does, 2 usage, 3 the gateway cannot be tested.
`;

export interface CommandOptions {
  readonly target: string;
  readonly echo: string;
  readonly json: string | undefined;
  readonly scene: Scene;
}

export type CommandRequest =
  | { readonly kind: "help" }
  | { readonly kind: "serve_echo"; readonly port: number }
  | { readonly kind: "run"; readonly options: CommandOptions };

/** Wrong usage; the message says what was expected. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const MAX_TOKEN_FILE_BYTES = 262_144;
const PATH = /^\/[A-Za-z0-9._~-]+\/[A-Za-z0-9._~-]+$/;
const HEADER = /^[a-z0-9]+(?:-[a-z0-9]+)+$/;
const HOST = /^[A-Za-z0-9.-]+(?::[0-9]+)?$/;

const OPTIONS = {
  target: { type: "string" },
  "upstream-echo": { type: "string" },
  "serve-echo": { type: "string" },
  "token-file": { type: "string" },
  open: { type: "string", default: "/public/index" },
  guarded: { type: "string", default: "/orders/1" },
  optional: { type: "string" },
  host: { type: "string" },
  "guarded-host": { type: "string" },
  "identity-header": { type: "string", multiple: true },
  json: { type: "string" },
  "i-own-this-target": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

/** @throws UsageError with what is wrong. */
export function readCommand(parameters: readonly string[]): CommandRequest {
  const values = parseValues(parameters);
  if (values.help) return { kind: "help" };
  if (values["serve-echo"] !== undefined) return { kind: "serve_echo", port: readPort(values["serve-echo"]) };
  const owned = values["i-own-this-target"];
  const target = readOrigin("--target", { text: values.target, owned });
  const echo = readOrigin("--upstream-echo", { text: values["upstream-echo"], owned });
  if (target === echo)
    throw new UsageError("--target is the echo application itself: expected the gateway before it");
  return { kind: "run", options: { target, echo, json: values.json, scene: readScene(values, target) } };
}

function parseValues(parameters: readonly string[]): Values {
  try {
    return parseArgs({ args: [...parameters], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readScene(values: Values, target: string): Scene {
  const guardedHost = values["guarded-host"]?.toLowerCase();
  const [first = "x-auth-subject", ...others] = values["identity-header"] ?? [
    "x-auth-subject",
    "x-auth-roles",
  ];
  const host = values.host ?? new URL(target).host;
  for (const name of [first, ...others]) expectForm("--identity-header", { text: name, form: HEADER });
  for (const name of [host, ...(guardedHost === undefined ? [] : [guardedHost])])
    expectForm("--host", { text: name, form: HOST });
  expectForm("--open", { text: values.open, form: PATH });
  expectForm("--guarded", { text: values.guarded, form: PATH });
  const { optional } = values;
  if (optional !== undefined) expectForm("--optional", { text: optional, form: PATH });
  const file = values["token-file"];
  return {
    host,
    ...(guardedHost === undefined ? {} : { guardedHost }),
    open: values.open,
    guarded: values.guarded,
    ...(optional === undefined ? {} : { optional }),
    identityHeaders: [first, ...others],
    tokens: file === undefined ? {} : readTokens(file),
  };
}

function expectForm(name: string, { text, form }: { readonly text: string; readonly form: RegExp }): void {
  if (!form.test(text))
    throw new UsageError(`${name}: expected ${form.source}, found ${JSON.stringify(text)}`);
}

function readOrigin(
  name: string,
  { text, owned }: { readonly text: string | undefined; readonly owned: boolean },
): string {
  if (text === undefined) throw new UsageError(`${name} is missing`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" || url.pathname !== "/" || url.search !== "" || url.username !== "")
    throw new UsageError(
      `${name}: expected an origin such as http://127.0.0.1:8081 (plain HTTP), found ${JSON.stringify(text)}`,
    );
  const isLocal = /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname);
  if (!isLocal && !owned)
    throw new UsageError(`${name} is not on this machine; add --i-own-this-target if it is yours to attack`);
  return url.origin;
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(`--serve-echo: expected a port, found ${JSON.stringify(text)}`);
  return port;
}

/** A file of tokens never gets into a message. */
function readTokens(file: string): Scene["tokens"] {
  try {
    if (statSync(file).size > MAX_TOKEN_FILE_BYTES) throw new TypeError("more than 256 KiB");
    const text = readFileSync(file, "utf8").trim();
    if (!text.startsWith("{")) return deriveTokens(text);
    const given = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const tokens = Object.entries(given).filter(
      (pair): pair is [string, string] => typeof pair[1] === "string",
    );
    return {
      ...deriveTokens(typeof given["valid"] === "string" ? given["valid"] : ""),
      ...Object.fromEntries(tokens),
    };
  } catch (error) {
    const known = error instanceof TypeError || (error instanceof Error && "code" in error);
    const why = known ? error.message : "it is neither a token nor a JSON object of tokens";
    throw new UsageError(`--token-file: ${why}`);
  }
}
