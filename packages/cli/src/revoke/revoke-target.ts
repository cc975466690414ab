/** Sends one revocation, and tells what came of it. */

import type { CommandContext } from "../command-context.ts";
import type { ExitCode } from "../exit-code.ts";
import { EXIT } from "../exit-code.ts";
import { formatJsonLine } from "../output/json-output.ts";
import { escapeUnprintable } from "../output/printable.ts";
import { reportWarning } from "../terminal.ts";
import { type ApiClient, type ApiFlags, openApi } from "./api-client.ts";
import { awaitInstances, type WaitOutcome } from "./await-instances.ts";

export interface RevokeFlags extends ApiFlags {
  readonly reason: string;
  readonly id?: string;
  readonly suspend?: true;
  readonly onBehalfOf?: string;
  /** Milliseconds since the epoch. */
  readonly issuedBefore?: number;
  readonly wait?: true;
  readonly waitSeconds: number;
  readonly json?: true;
}

export type RevokeWhat =
  | { readonly token: string }
  | { readonly target: { readonly kind: string; readonly issuer: string; readonly value?: string } };

type Appended = {
  readonly id: string;
  readonly position: number;
  readonly outcome: "added" | "known";
  readonly expiresAtMs: number;
};

export async function revokeTarget(
  what: RevokeWhat,
  flags: RevokeFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const { reason, id, onBehalfOf, issuedBefore } = flags;
  const api = await openApi(flags);
  const cutOff = issuedBefore !== undefined && { issuedBeforeSeconds: Math.floor(issuedBefore / 1000) };
  const form = {
    ...("token" in what ? what : { target: { ...what.target, ...cutOff } }),
    reason,
    ...(id !== undefined && { id }),
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    ...(flags.suspend === true && { status: "suspended" }),
  };
  const { text } = await api.ask({ method: "POST", path: "/revocations", body: JSON.stringify(form) });
  const appended = JSON.parse(text) as Appended;
  return reportApplied(api, { appended, flags, context });
}

export async function liftRevocation(
  id: string,
  flags: RevokeFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const api = await openApi(flags);
  const query = new URLSearchParams({ reason: flags.reason }).toString();
  const path = `/revocations/${encodeURIComponent(id)}?${query}`;
  const { text } = await api.ask({ method: "DELETE", path });
  const lifted = JSON.parse(text) as Pick<Appended, "position">;
  return reportApplied(api, { appended: { id, ...lifted }, flags, context });
}

/** Waits where that is wanted, and says how it stands. */
export async function reportApplied(
  api: ApiClient,
  about: {
    readonly appended: { readonly position: number } & Readonly<Record<string, unknown>>;
    readonly flags: Pick<RevokeFlags, "wait" | "waitSeconds" | "json">;
    readonly context: CommandContext;
  },
): Promise<ExitCode> {
  const { appended, flags, context } = about;
  const { terminal } = context;
  const { position } = appended;
  const waited =
    flags.wait === true
      ? await awaitInstances(api, { position, timeoutMs: flags.waitSeconds * 1000 })
      : undefined;
  if (flags.json === true) {
    terminal.stdout.write(`${formatJsonLine({ ...appended, ...waited })}\n`);
  } else {
    const id = typeof appended["id"] === "string" ? `${appended["id"]} ` : "";
    terminal.stdout.write(`${id}${escapeUnprintable(String(appended["outcome"]))} at position ${position}\n`);
    if (waited !== undefined) terminal.stdout.write(describeWait(waited));
  }
  for (const { id, silentSeconds } of waited?.silent ?? []) {
    reportWarning(
      terminal,
      `${id} has been silent for ${Math.round(silentSeconds)} s and has not applied it`,
    );
  }
  return waited !== undefined && waited.missing.length > 0 ? EXIT.negative : EXIT.ok;
}

function describeWait({ acknowledged, missing }: WaitOutcome): string {
  const count = acknowledged.length;
  const all = `applied by ${count} instance${count === 1 ? "" : "s"}\n`;
  const lines = missing.map(
    ({ id, position, silentSeconds }) =>
      `NOT applied by ${id}: at position ${position}, last heard of ${silentSeconds.toFixed(1)} s ago\n`,
  );
  return all + lines.join("");
}
