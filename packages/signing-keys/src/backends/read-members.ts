/** Reads plain values, member by member, and collects all that is wrong with them. */

import type { ConfigurationProblem } from "countersign";
import { isObject } from "./json-http.ts";

export interface Reading {
  readonly values: Readonly<Record<string, unknown>>;
  /** Of the object, such as "backend"; the members' paths begin with it. */
  readonly path: string;
  readonly problems: ConfigurationProblem[];
}

export type ReadMember<T> = (value: unknown, place: MemberPlace) => T | undefined;

export interface MemberPlace {
  readonly path: string;
  readonly problems: ConfigurationProblem[];
}

/** The member, or undefined where it is absent or wrong; absent is a problem where `required` says so. */
export function readMember<T>(
  { values, path, problems }: Reading,
  {
    name,
    read,
    required = false,
  }: { readonly name: string; readonly read: ReadMember<T>; readonly required?: boolean },
): T | undefined {
  const place = { path: `${path}.${name}`, problems };
  const value = values[name];
  if (value !== undefined) return read(value, place);
  if (required)
    problems.push({ path: place.path, problem: "expected a value, found none", remedy: "Write it" });
  return undefined;
}

/** Members that nothing reads are spelling mistakes, or secrets in the wrong place. */
export function refuseOthers({ values, path, problems }: Reading, known: readonly string[]): void {
  for (const name of Object.keys(values)) {
    if (known.includes(name)) continue;
    problems.push({
      path: `${path}.${name.slice(0, 64)}`,
      problem: "is no member that is known here",
      remedy: `Take it out. Known are ${known.join(", ")}`,
    });
  }
}

export function matching(pattern: RegExp, remedy: string): ReadMember<string> {
  return (value, place) => {
    if (typeof value === "string" && value.length <= 1024 && pattern.test(value)) return value;
    return refuse(place, { problem: "has not the form that is expected", remedy });
  };
}

export function oneOf<T extends string | number | boolean>(values: readonly T[]): ReadMember<T> {
  return (value, place) => {
    const found = values.find((each) => each === value);
    if (found !== undefined) return found;
    return refuse(place, {
      problem: "is none of the values that are known",
      remedy: `Use ${values.join(", ")}`,
    });
  };
}

export function wholeNumber(least: number, most: number): ReadMember<number> {
  return (value, place) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
      return value as number;
    return refuse(place, { problem: "expected a whole number", remedy: `From ${least} to ${most}` });
  };
}

/** https, or http to this machine, without credentials and without what stands behind the path. */
export const httpsUrl: ReadMember<string> = (value, place) => {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  const isLoopback = url !== undefined && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback);
  if (
    url !== undefined &&
    isSafe &&
    url.username === "" &&
    url.password === "" &&
    url.search + url.hash === ""
  ) {
    return value as string;
  }
  return refuse(place, { problem: "expected an https URL", remedy: "http is for this machine alone" });
};

export function objectAt(value: unknown, { path, problems }: MemberPlace): Reading | undefined {
  if (isObject(value)) return { values: value, path, problems };
  return refuse({ path, problems }, { problem: "expected an object", remedy: "Write its members" });
}

export function refuse(
  { path, problems }: MemberPlace,
  { problem, remedy }: { readonly problem: string; readonly remedy: string },
): undefined {
  problems.push({ path, problem, remedy });
  return undefined;
}
