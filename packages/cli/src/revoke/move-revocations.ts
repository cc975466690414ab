/** Lists, exports and imports revocations. */

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

import type { CommandContext } from "../command-context.ts";
import { CommandFailure } from "../command-failure.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { describeFileError } from "../file-error.ts";
import { alignColumns } from "../output/columns.ts";
import { escapeUnprintable } from "../output/printable.ts";
import { writeFully } from "../terminal.ts";
import { type ApiClient, type ApiFlags, openApi } from "./api-client.ts";
import { type RevokeFlags, reportApplied } from "./revoke-target.ts";

export interface ListFlags extends ApiFlags {
  readonly issuer?: string;
  readonly kind?: string;
  readonly value?: string;
  readonly actor?: string;
  readonly limit: number;
  readonly json?: true;
}

interface Entry {
  readonly revocation: {
    readonly id: string;
    readonly target: { readonly kind: string; readonly issuer: string; readonly value?: string };
    readonly status: string;
    readonly actor: string;
    readonly reason: string;
    readonly createdAtMs: number;
    readonly expiresAtMs: number;
  };
  readonly isLifted: boolean;
}

const LINES_OF_A_BATCH = 200;
const MAX_LINE_CHARACTERS = 16_384;

export async function listRevocations(flags: ListFlags, { terminal }: CommandContext): Promise<ExitCode> {
  const api = await openApi(flags);
  const filter = new URLSearchParams();
  for (const name of ["issuer", "kind", "value", "actor"] as const) {
    const value = flags[name];
    if (value !== undefined) filter.set(name, value);
  }
  let left = flags.limit;
  let before: number | undefined;
  do {
    const query = new URLSearchParams(filter);
    query.set("limit", String(Math.min(left, 500)));
    if (before !== undefined) query.set("before", String(before));
    const { text } = await api.ask({ path: `/revocations?${query.toString()}` });
    const page = JSON.parse(text) as { readonly entries: readonly Entry[]; readonly next: number | null };
    const lines =
      flags.json === true
        ? page.entries.map((entry) => JSON.stringify(entry))
        : describeEntries(page.entries);
    if (lines.length > 0) await writeFully(terminal.stdout, `${lines.join("\n")}\n`);
    left -= page.entries.length;
    before = page.next ?? undefined;
  } while (left > 0 && before !== undefined);
  return EXIT.ok;
}

function describeEntries(entries: readonly Entry[]): readonly string[] {
  return alignColumns(
    entries.map(({ revocation, isLifted }) => {
      const { id, target, status, actor, reason, createdAtMs } = revocation;
      const state = isLifted ? "lifted" : revocation.expiresAtMs <= Date.now() ? "expired" : status;
      const what = `${target.kind} ${target.value ?? ""}`.trim();
      const when = new Date(createdAtMs).toISOString();
      return [when, id, state, what, target.issuer, `${actor}: ${reason}`].map(escapeUnprintable);
    }),
  );
}

export async function exportRevocations(flags: ApiFlags, { terminal }: CommandContext): Promise<ExitCode> {
  const api = await openApi(flags);
  let path: string | undefined = "/revocations/export?limit=500";
  while (path !== undefined) {
    const { text, next } = await api.ask({ path });
    if (text !== "") await writeFully(terminal.stdout, text);
    path = next;
  }
  return EXIT.ok;
}

export async function importRevocations(
  file: string,
  flags: ApiFlags & Pick<RevokeFlags, "wait" | "waitSeconds" | "json">,
  context: CommandContext,
): Promise<ExitCode> {
  const api = await openApi(flags);
  const input = file === "-" ? context.terminal.stdin : createReadStream(file);
  const failed = new Promise<never>((_, reject) => {
    input.once("error", (error) =>
      reject(
        new CommandFailure(`cannot read ${file}: ${describeFileError(error)}`, { exitCode: EXIT.usage }),
      ),
    );
  });
  const total = await Promise.race([sendLines(api, createInterface({ input })), failed]);
  const outcome = `${total.added} added, ${total.known} known before`;
  return reportApplied(api, { appended: { ...total, outcome }, flags, context });
}

interface Imported {
  readonly added: number;
  readonly known: number;
  readonly position: number;
}

async function sendLines(api: ApiClient, lines: AsyncIterable<string>): Promise<Imported> {
  let total: Imported = { added: 0, known: 0, position: 0 };
  let batch: string[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const body = `${batch.join("\n")}\n`;
    batch = [];
    const question = {
      method: "POST",
      path: "/revocations/import",
      type: "application/x-ndjson",
      body,
    } as const;
    const part = JSON.parse((await api.ask(question)).text) as Imported;
    total = {
      added: total.added + part.added,
      known: total.known + part.known,
      position: Math.max(total.position, part.position),
    };
  };
  for await (const line of lines) {
    if (line.length > MAX_LINE_CHARACTERS) {
      throw new CommandFailure(`a line is longer than ${MAX_LINE_CHARACTERS} characters`, {
        exitCode: EXIT.usage,
      });
    }
    if (line.trim() !== "") batch.push(line);
    if (batch.length >= LINES_OF_A_BATCH) await flush();
  }
  await flush();
  return total;
}
