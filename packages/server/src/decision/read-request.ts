/** From a description to what routes are matched by, or to why it cannot be decided about. */

import type { PathsConfiguration } from "../config/configuration.ts";
import { readPath } from "../config/request-path.ts";
import type { RouteQuery } from "../config/route-table.ts";
import type { RequestDescription } from "./decision.ts";

export type RequestReading =
  | { readonly ok: true; readonly query: RouteQuery }
  /** Constant text: nothing of the request. */
  | { readonly ok: false; readonly problem: string };

const METHOD = /^[A-Za-z][A-Za-z0-9-]{0,31}$/;
// Nothing to lower, to cut off or to look at twice.
const PLAIN_HOST = /^[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*$/;
const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})$/;
const HOST = /^(?<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{0,5})?$/;
const QUERY = /^[\x21\x22\x24-\x7e\x80-\xff]*$/;
const MAX_HOST_CHARACTERS = 253;
const MAX_TARGET_CHARACTERS = 65_536;

// A tunnel would carry what no decision was made about; an echo would show identity headers and tokens to scripts.
const NEVER_FORWARDED = new Set(["CONNECT", "TRACE"]);

/**
 * Reads method, host and target; linear in their length. A target is a path with or without query: "*", an
 * authority and a whole URL (RFC 9112 section 3.2) are refused, for what follows reads them in different ways.
 */
export function readRequest(
  { method, host, target }: RequestDescription,
  paths?: PathsConfiguration,
): RequestReading {
  if (!METHOD.test(method)) return refuse("a method that breaks the grammar");
  if (NEVER_FORWARDED.has(method.toUpperCase())) return refuse("CONNECT or TRACE");
  const name = readHost(host);
  if (name === undefined) return refuse("a host that breaks the grammar");
  if (target.length > MAX_TARGET_CHARACTERS) return refuse("a target that is too long");
  const questionMark = target.indexOf("?");
  const path = readPath(questionMark < 0 ? target : target.slice(0, questionMark), paths);
  if (!path.ok) return refuse(path.problem);
  if (questionMark >= 0 && !QUERY.test(target.slice(questionMark + 1))) {
    return refuse("a query with a fragment, white space or a control character");
  }
  return { ok: true, query: { method, host: name, path: path.path } };
}

/** Lower case, without port and without the final dot of an absolute name; undefined where it is no host. */
function readHost(host: string): string | undefined {
  if (host.length <= MAX_HOST_CHARACTERS && PLAIN_HOST.test(host)) return host;
  const name = HOST.exec(host)?.groups?.["name"]?.toLowerCase();
  if (name === undefined || name.startsWith("[")) return name;
  const relative = name.endsWith(".") ? name.slice(0, -1) : name;
  return HOST_NAME.test(relative) && !relative.includes("..") ? relative : undefined;
}

function refuse(problem: string): RequestReading {
  return { ok: false, problem };
}
