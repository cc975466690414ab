/** Answers that have no end of their own, such as server-sent events. */

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
