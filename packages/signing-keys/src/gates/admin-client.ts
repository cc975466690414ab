/** Questions to the admin listener of a sidecar: bounded in time and in what is read. */

import { request } from "node:http";
import { VerifierUnavailableError } from "./verifier.ts";

export interface AdminAddress {
  /** "host:port" or "unix:/path". */
  readonly admin: string;
  /** Read anew for each question, so that a changed one needs no restart. Rejects where it cannot be had. */
  readonly readToken: () => Promise<string>;
  /** Of one question. Default 5000; 100..60000. */
  readonly timeoutMs?: number;
}

export interface AdminQuestion {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: object;
}

export interface AdminReply {
  readonly status: number;
  readonly text: string;
}

const DEFAULT_TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 4_194_304;

/** @throws VerifierUnavailableError */
export async function askAdmin(address: AdminAddress, question: AdminQuestion): Promise<AdminReply> {
  let token: string;
  try {
    token = (await address.readToken()).trim();
  } catch {
    throw new VerifierUnavailableError("the token of its API cannot be read; see `apiTokenFile`");
  }
  try {
    return await send(address, { ...question, token });
  } catch (error) {
    throw new VerifierUnavailableError(`it does not answer: ${describeFailure(error)}`);
  }
}

function send(
  { admin, timeoutMs = DEFAULT_TIMEOUT_MS }: AdminAddress,
  { method, path, body, token }: AdminQuestion & { readonly token: string },
): Promise<AdminReply> {
  const signal = AbortSignal.timeout(timeoutMs);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    Authorization: `Bearer ${token}`,
    ...(text !== undefined && {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(text),
    }),
  };
  return new Promise((resolve, reject) => {
    // A connection of its own: what waits in a pool may be dead.
    const sent = request({ ...locate(admin), method, path, headers, signal, agent: false }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes > MAX_ANSWER_BYTES) response.destroy(new Error("the answer is too long"));
        else parts.push(part);
      });
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") });
      });
      response.once("error", reject);
    });
    sent.once("error", reject);
    sent.end(text);
  });
}

function locate(
  admin: string,
): { readonly socketPath: string } | { readonly host: string; readonly port: number } {
  if (admin.startsWith("unix:")) return { socketPath: admin.slice("unix:".length) };
  const colon = admin.lastIndexOf(":");
  const host = admin.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host, port: Number(admin.slice(colon + 1)) };
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return "it failed without saying why";
  const { code } = error as NodeJS.ErrnoException;
  if (error.name === "TimeoutError" || error.name === "AbortError") return "no answer in time";
  return typeof code === "string" ? code : error.message.slice(0, 200);
}
