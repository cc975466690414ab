/** What a request that may pass brings its upstream beside the identity headers: credentials that are made for it. */

import type { Accepted, Rejected } from "countersign";

import type { RouteConfiguration } from "../config/configuration.ts";
import type { IdentityHeader } from "./decision.ts";

/** A request that may pass, by its token. */
export interface CredentialQuestion {
  readonly route: RouteConfiguration;
  readonly verdict: Accepted;
  /** The client's token. */
  readonly token: string;
}

export type CredentialResult =
  /** Values for those of `names` that there are, and whatever else the route asks for. */
  | { readonly ok: true; readonly headers: readonly IdentityHeader[] }
  /** The request is refused: nothing else takes a credential's place. */
  | { readonly ok: false; readonly rejected: Rejected };

export interface UpstreamCredentials {
  /** In lower case. Every answer that allows carries each of them, without a value where there is none. */
  readonly names: readonly string[];
  /** At once where nothing has to be waited for. Never rejects. */
  obtain(question: CredentialQuestion): CredentialResult | Promise<CredentialResult>;
}

const NOTHING: CredentialResult = Object.freeze({ ok: true, headers: Object.freeze([]) });

/** One of several, asked in turn; undefined where there are none. The first that cannot be had refuses. */
export function combineCredentials(all: readonly UpstreamCredentials[]): UpstreamCredentials | undefined {
  const [first, ...others] = all;
  if (first === undefined || others.length === 0) return first;
  const rest = combineCredentials(others);
  return {
    names: all.flatMap(({ names }) => names),
    obtain(question) {
      const result = first.obtain(question);
      const join = (own: CredentialResult): CredentialResult | Promise<CredentialResult> => {
        if (!own.ok) return own;
        const more = rest?.obtain(question) ?? NOTHING;
        return more instanceof Promise
          ? more.then((settled) => concatenate(own, settled))
          : concatenate(own, more);
      };
      return result instanceof Promise ? result.then(join) : join(result);
    },
  };
}

function concatenate(
  own: Extract<CredentialResult, { readonly ok: true }>,
  more: CredentialResult,
): CredentialResult {
  return more.ok ? { ok: true, headers: [...own.headers, ...more.headers] } : more;
}

/** All headers, with an empty one for each name that has no value. */
export function fillCredentials(
  names: readonly string[],
  headers: readonly IdentityHeader[],
): readonly IdentityHeader[] {
  const given = new Set(headers.map(([name]) => name));
  return [...headers, ...names.filter((name) => !given.has(name)).map((name): IdentityHeader => [name, ""])];
}
