import { request } from "node:http";
import type { ListenAddress } from "@countersign/server";
import { readBounded } from "../read-bounded.ts";

export interface AdminReply {
  readonly status: number;
  readonly text: string;
}

const MAX_ANSWER_BYTES = 16_777_216;

/** Asks a page of the admin listener; undefined where nobody answers in time. */
export function askAdmin(
  admin: ListenAddress,
  { path, timeoutMs }: { readonly path: string; readonly timeoutMs: number },
): Promise<AdminReply | undefined> {
  const where = admin.kind === "unix" ? { socketPath: admin.path } : { host: admin.host, port: admin.port };
  return new Promise((resolve) => {
    const asked = request({
      ...where,
      path,
      headers: { host: "localhost" },
      signal: AbortSignal.timeout(timeoutMs),
    });
    asked.once("error", () => resolve(undefined));
    asked.once("response", (response) => {
      readBounded(response, { name: "the answer", maxBytes: MAX_ANSWER_BYTES }).then(
        (text) => resolve({ status: response.statusCode ?? 0, text }),
        () => resolve(undefined),
      );
    });
    asked.end();
  });
}
