/** Asks the API of a sidecar's admin listener. */

import { createReadStream } from "node:fs";
import { request } from "node:http";

import { ConfigurationError } from "countersign";

import { CommandFailure } from "../command-failure.ts";
import { EXIT } from "../exit-code.ts";
import { describeConfigurationError } from "../output/configuration-problems.ts";
import { readBounded } from "../read-bounded.ts";

export interface ApiFlags {
  readonly config?: string;
  /** "host:port" or "unix:/path" of the admin listener. */
  readonly admin?: string;
  readonly apiTokenFile?: string;
}

export interface ApiQuestion {
  readonly method?: "GET" | "POST" | "DELETE";
  /** Below /api/v1. */
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
}

export interface ApiReply {
  readonly status: number;
  /** Path and query of the next page, below /api/v1. */
  readonly next: string | undefined;
  readonly text: string;
}

export interface ApiClient {
  /** @throws CommandFailure where there is no answer, or one that is no success. */
  ask(question: ApiQuestion): Promise<ApiReply>;
}

const DEFAULT_ADMIN = "127.0.0.1:9402";
const DEFAULT_TOKEN_FILE = "countersign-api.token";
const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 16_777_216;
const MAX_TOKEN_BYTES = 65_536;

/** @throws CommandFailure where the token cannot be read. */
export async function openApi(flags: ApiFlags): Promise<ApiClient> {
  const configured = flags.config === undefined ? undefined : await readConfigured(flags.config);
  const admin = flags.admin ?? configured?.admin ?? DEFAULT_ADMIN;
  const path = flags.apiTokenFile ?? configured?.tokenFile ?? DEFAULT_TOKEN_FILE;
  const token = (await readBounded(createReadStream(path), { name: path, maxBytes: MAX_TOKEN_BYTES })).trim();
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new CommandFailure(`${path} holds no token`, { exitCode: EXIT.usage });
  return {
    async ask(question) {
      const reply = await send(question, { admin, token });
      if (reply.status < 400) return reply;
      throw describeRefusal(reply);
    },
  };
}

async function readConfigured(
  path: string,
): Promise<{ readonly admin: string; readonly tokenFile?: string }> {
  const { loadConfiguration } = await import("@countersign/server");
  const { listeners, api } = await loadConfiguration(path).catch((error: unknown) => {
    throw error instanceof ConfigurationError ? describeConfigurationError(error, path) : error;
  });
  const { admin } = listeners;
  const where = admin.kind === "unix" ? `unix:${admin.path}` : `${formatHost(admin.host)}:${admin.port}`;
  return { admin: where, ...(api !== undefined && { tokenFile: api.tokenFile }) };
}

function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function send(
  { method = "GET", path, body, type = "application/json" }: ApiQuestion,
  { admin, token }: { readonly admin: string; readonly token: string },
): Promise<ApiReply> {
  const where = admin.startsWith("unix:") ? { socketPath: admin.slice(5) } : splitAddress(admin);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const code = "code" in error ? String(error.code) : error.message;
      reject(
        new CommandFailure(`the sidecar at ${admin} does not answer (${code})`, {
          exitCode: EXIT.unavailable,
          hints: ["is it running, with `revocation` in its configuration? --admin names another address"],
        }),
      );
    };
    const asked = request({
      ...where,
      method,
      path: `/api/v1${path}`,
      headers: {
        Host: "localhost",
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { "Content-Type": type, "Content-Length": Buffer.byteLength(body) }),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    asked.once("error", fail);
    asked.once("response", (response) => {
      const next = /<\/api\/v1([^>]+)>; rel="next"/.exec(String(response.headers["link"] ?? ""))?.[1];
      readBounded(response, { name: "the answer", maxBytes: MAX_ANSWER_BYTES }).then(
        (text) => resolve({ status: response.statusCode ?? 0, next, text }),
        fail,
      );
    });
    asked.end(body);
  });
}

function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const [, host = "", port = ""] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(address) ?? [];
  if (host !== "" && Number(port) > 0 && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new CommandFailure('--admin: expected "host:port" or "unix:/path"', { exitCode: EXIT.usage });
}

function describeRefusal({ status, text }: ApiReply): CommandFailure {
  const { detail, code } = readProblem(text);
  const message = `the sidecar refused: ${detail ?? `HTTP ${status}`}`;
  if (status === 401 || status === 403) {
    const hints = ["--api-token-file names the file that `api.tokenFile` says; only its owner can read it"];
    return new CommandFailure(message, { exitCode: EXIT.usage, hints });
  }
  if (status === 404 && code === "not_found" && detail?.startsWith("There are") === true) {
    const hints = ["write `revocation` into its configuration and start it again"];
    return new CommandFailure("the sidecar has no API", { exitCode: EXIT.usage, hints });
  }
  if (status === 429 || status >= 500) return new CommandFailure(message, { exitCode: EXIT.unavailable });
  return new CommandFailure(message, {
    exitCode: status === 400 || status === 413 ? EXIT.usage : EXIT.negative,
  });
}

function readProblem(text: string): { readonly detail?: string; readonly code?: string } {
  try {
    const problem = JSON.parse(text) as { readonly detail?: unknown; readonly code?: unknown };
    return {
      ...(typeof problem.detail === "string" && { detail: problem.detail }),
      ...(typeof problem.code === "string" && { code: problem.code }),
    };
  } catch {
    return {};
  }
}
