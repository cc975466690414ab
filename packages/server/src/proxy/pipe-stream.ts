/** Answers that have no end of their own, such as server-sent events. */

import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";

/** "ended": its readers know that it may stop anywhere. "cut": a clean end would make half an answer look whole. */
export type StreamKind = "ended" | "cut";

const KINDS: readonly (readonly [prefix: string, kind: StreamKind])[] = [
  ["text/event-stream", "ended"],
  ["application/x-ndjson", "ended"],
  ["application/jsonl", "ended"],
  ["application/json-seq", "ended"],
  ["application/stream+json", "ended"],
  ["application/grpc", "cut"],
  ["multipart/x-mixed-replace", "cut"],
];

/** Tells streams by their media type; undefined for an answer that ends by itself. */
export function findStreamKind(contentType: string | string[] | undefined): StreamKind | undefined {
  const text = (Array.isArray(contentType) ? contentType[0] : contentType)?.trimStart().toLowerCase();
  return text === undefined ? undefined : KINDS.find(([prefix]) => text.startsWith(prefix))?.[1];
}

/**
 * Passes a stream on. Resolves when the client's side has ended.
 * @param onOpen Gets the function that ends the stream early; gives the one to call at its end.
 */
export async function pipeStream(
  { body, response }: { readonly body: Readable; readonly response: ServerResponse },
  { kind, onOpen }: { readonly kind: StreamKind; onOpen(end: () => void): () => void },
): Promise<void> {
  let ended = false;
  const release = onOpen(() => {
    ended = true;
    body.unpipe(response);
    if (kind === "ended") response.end();
    else response.destroy();
    body.destroy();
  });
  try {
    await new Promise<void>((resolve, reject) => {
      body.on("error", (error) => {
        if (!ended) reject(error);
      });
      response.once("close", resolve);
      body.pipe(response);
    });
  } finally {
    release();
  }
}
