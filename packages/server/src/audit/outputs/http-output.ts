/** Batches over HTTP: OpenTelemetry logs, and webhooks. */

import type { AuditEvent, AuditOutputName } from "../audit-event.ts";
import type { AuditOutput } from "../output-queue.ts";
import { UndeliverableError } from "../output-queue.ts";

export interface HttpOutputSetup {
  readonly name: Extract<AuditOutputName, "otlp" | "webhook">;
  readonly url: string;
  /** The header's whole value. */
  readonly authorization?: string;
  readonly contentType: string;
  readonly timeoutMs: number;
  write(events: readonly AuditEvent[]): string;
  /** How many of them the answer says were refused; 0 where it says nothing. */
  countRefused?(answer: string): number;
}

const MAX_ANSWER_BYTES = 65_536;

export class HttpOutput implements AuditOutput {
  readonly name: HttpOutputSetup["name"];
  readonly #setup: HttpOutputSetup;

  constructor(setup: HttpOutputSetup) {
    this.name = setup.name;
    this.#setup = setup;
  }

  async deliver(events: readonly AuditEvent[]): Promise<void> {
    const { url, authorization, contentType, timeoutMs, write, countRefused } = this.#setup;
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": contentType, ...(authorization !== undefined && { authorization }) },
      body: write(events),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = await readBounded(response);
    if (!response.ok) throw describeRefusal(response.status);
    const refused = countRefused?.(answer) ?? 0;
    if (refused > 0)
      throw new UndeliverableError(`${refused} of ${events.length} events were refused`, refused);
  }

  async close(): Promise<void> {
    // Nothing stays open that would keep the process.
  }
}

/** What the receiver will not take is not sent again: 4xx, but for those that ask to come back. */
function describeRefusal(status: number): Error {
  const message = `the receiver answered ${status}`;
  const isFinal = status >= 300 && status < 500 && ![401, 403, 404, 408, 425, 429].includes(status);
  return isFinal ? new UndeliverableError(message) : new Error(message);
}

async function readBounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
