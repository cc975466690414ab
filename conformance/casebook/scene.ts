import type { Probe, TokenKind } from "./entry.ts";

/** What a gateway under test guards, and what probes are filled with. */
export interface Scene {
  /** `Host` that the gateway serves. */
  readonly host: string;
  /** A path that anyone may ask for, below a folder of its own: "/public/index". */
  readonly open: string;
  /** A path that needs a token, below a folder of its own: "/orders/1". */
  readonly guarded: string;
  /** A path that takes no token or a valid one; undefined where there is none. */
  readonly optional?: string;
  /** Host for which `open` needs a token too; undefined where there is none. */
  readonly guardedHost?: string;
  /** Headers by which the application knows who asks; the first is there with every valid token. */
  readonly identityHeaders: readonly [string, ...string[]];
  readonly tokens: Partial<Readonly<Record<TokenKind, string>>>;
}

/** A request as it goes over the wire. Every character is one octet. */
export interface ClientRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export type FilledProbe =
  | { readonly ok: true; readonly request: ClientRequest }
  /** `lacks` is what the scene does not have. */
  | { readonly ok: false; readonly lacks: string };

/** Stands in every identity that a probe forges. */
export const FORGED = "casebook-forged";

const PLACE = /\{([A-Za-z:]+)\}/g;

/** The first segment of a path: "/orders" of "/orders/1". */
export function folderOf(path: string): string {
  return `/${path.split("/")[1] ?? ""}`;
}

/** Fills a probe's places. */
export function fillProbe(probe: Probe, scene: Scene): FilledProbe {
  const values = listValues(scene);
  let lacks: string | undefined;
  const fill = (text: string): string =>
    text.replace(PLACE, (_, name: string) => {
      const value = values[name];
      if (value === undefined) lacks ??= name;
      return value ?? "";
    });
  const request: ClientRequest = {
    method: probe.method ?? "GET",
    target: fill(probe.target ?? "{guarded}"),
    host: fill(probe.host ?? "{host}"),
    headers: (probe.headers ?? []).map(([name, value]) => [fill(name), fill(value)] as const),
  };
  return lacks === undefined ? { ok: true, request } : { ok: false, lacks };
}

function listValues(scene: Scene): Readonly<Record<string, string | undefined>> {
  const [identity, other = identity] = scene.identityHeaders;
  const [first = "x", second = "", ...rest] = identity.split("-");
  return {
    host: scene.host,
    guardedHost: scene.guardedHost,
    guardedHostUpper: scene.guardedHost?.toUpperCase(),
    open: scene.open,
    openFolder: folderOf(scene.open),
    optional: scene.optional,
    guarded: scene.guarded,
    guardedBare: scene.guarded.slice(1),
    guardedFolder: folderOf(scene.guarded),
    guardedUpper: scene.guarded.toUpperCase(),
    guardedEncoded: `/%${scene.guarded.charCodeAt(1).toString(16)}${scene.guarded.slice(2)}`,
    identity,
    identityOther: other,
    identityUpper: identity.toUpperCase(),
    identityUnderscore: identity.replaceAll("-", "_"),
    identityDot: identity.replaceAll("-", "."),
    identityMixed: `${first}-${[second, ...rest].join("_")}`,
    identityMixedOther: `${first}_${[second, ...rest].join("-")}`,
    forged: FORGED,
    ...scene.tokens,
  };
}
