/** What is wrong with a table of permissions, and what in it can never matter. */

import {
  GRANTED_FIELDS,
  listHeldNames,
  type PermissionGrant,
  type PermissionOptions,
} from "./permission-options.ts";
import type { RequirementProblem } from "./requirement.ts";

/** What the table is used with. */
export interface PermissionPlace {
  readonly issuers: readonly PermissionIssuerFacts[];
}

export interface PermissionIssuerFacts {
  /** Its alias. */
  readonly name: string;
  /** Undefined where they are unchecked. */
  readonly audiences: readonly string[] | undefined;
}

/** A row that has no effect. */
export interface PermissionFinding {
  /** Such as "grants[3]". */
  readonly path: string;
  readonly reason: string;
}

const MAX_NAMES = 1024;
const MAX_GRANTS = 1024;
const MAX_SERVICES = 256;
const MAX_LIST = 256;
const NAME = /^[\w][\w.:/*-]{0,127}$/;

/** With at least one problem the table must not be used. */
export function findPermissionProblems(
  { names, implies = {}, services = [], grants }: PermissionOptions,
  { issuers }: PermissionPlace,
): readonly RequirementProblem[] {
  const problems: RequirementProblem[] = [];
  const add = (path: string, problem: string, remedy: string): void => {
    problems.push({ path, problem, remedy });
  };
  const limit = (path: string, length: number, most: number): void => {
    if (length === 0 || length > most)
      add(path, `expected 1 to ${most} rows, found ${length}`, "Correct it.");
  };
  const know = (path: string, texts: readonly string[] | undefined, known: ReadonlySet<string>): void => {
    if (texts === undefined) return;
    limit(path, texts.length, MAX_LIST);
    texts.forEach((text, index) => {
      if (!known.has(text)) add(`${path}[${index}]`, "is a name that is not known here", "Correct it.");
    });
  };
  const permissions = new Set(names);
  const aliases = new Set(issuers.map(({ name }) => name));
  const serviceNames = new Set(services.map(({ service }) => service));
  limit("names", names.length, MAX_NAMES);
  limit("grants", grants.length, MAX_GRANTS);
  if (services.length > MAX_SERVICES) limit("services", services.length, MAX_SERVICES);
  names.forEach((name, index) => {
    if (!NAME.test(name))
      add(`names[${index}]`, "is no name of a permission", `It has to match ${NAME.source}.`);
    if (names.indexOf(name) < index) add(`names[${index}]`, "stands there twice", "Remove one.");
  });
  for (const [name, others] of Object.entries(implies)) {
    if (!permissions.has(name)) add(`implies.${name}`, "is a name that is not known here", "Correct it.");
    know(`implies.${name}`, others, permissions);
    if (closePermissions(others, implies).has(name)) {
      add(`implies.${name}`, "implies itself through others", "Take one of them away.");
    }
  }
  services.forEach(({ audiences, issuers: only, tenants }, index) => {
    limit(`services[${index}].audiences`, audiences.length, MAX_LIST);
    know(`services[${index}].issuers`, only, aliases);
    if (tenants !== undefined) limit(`services[${index}].tenants`, tenants.length, MAX_LIST);
  });
  grants.forEach((grant, index) => {
    const path = `grants[${index}]`;
    know(`${path}.to`, grant.to, permissions);
    know(`${path}.issuers`, grant.issuers, aliases);
    if (grant.tenants !== undefined) limit(`${path}.tenants`, grant.tenants.length, MAX_LIST);
    if (grant.service !== undefined) know(`${path}.service`, [grant.service], serviceNames);
    const held = GRANTED_FIELDS.flatMap((field) => (grant[field] === undefined ? [] : [field]));
    for (const field of held) limit(`${path}.${field}`, grant[field]?.length ?? 0, MAX_LIST);
    if (held.length === 0)
      add(path, "is for nobody", `Name ${GRANTED_FIELDS.join(", ")} or several of them.`);
  });
  return problems;
}

/** All of these, and all that they imply. */
export function closePermissions(
  names: readonly string[],
  implies: NonNullable<PermissionOptions["implies"]> = {},
): ReadonlySet<string> {
  const all = new Set(names);
  // A set that grows while it is walked is walked to its end.
  for (const name of all)
    for (const other of Object.hasOwn(implies, name) ? (implies[name] ?? []) : []) all.add(other);
  return all;
}

/** Rows of a table without problems that never matter: nothing is unsafe, but somebody believes in them. */
export function findIdlePermissions(
  options: PermissionOptions,
  { issuers }: PermissionPlace,
): readonly PermissionFinding[] {
  const { names, implies, services = [], grants } = options;
  const granted = closePermissions(
    grants.flatMap(({ to }) => to),
    implies,
  );
  const isReached = (audience: string, only: readonly string[] | undefined): boolean =>
    issuers.some(
      ({ name, audiences }) =>
        (only === undefined || only.includes(name)) &&
        (audiences === undefined || audiences.includes(audience)),
    );
  return [
    ...names.flatMap((name, index) =>
      granted.has(name) ? [] : [{ path: `names[${index}]`, reason: `nothing grants ${name}` }],
    ),
    ...services.flatMap(({ service, audiences, issuers: only }, index) => [
      ...(grants.some((grant) => grant.service === service)
        ? []
        : [{ path: `services[${index}]`, reason: `no grant is for the service ${service}` }]),
      ...audiences.flatMap((audience, at) =>
        isReached(audience, only)
          ? []
          : [
              {
                path: `services[${index}].audiences[${at}]`,
                reason: "no issuer's tokens are accepted for this audience",
              },
            ],
      ),
    ]),
    ...grants.flatMap((grant, index) =>
      isCovered(grant, grants.slice(0, index), implies)
        ? [{ path: `grants[${index}]`, reason: "all that it grants is granted by rows before it" }]
        : [],
    ),
  ];
}

function isCovered(
  grant: PermissionGrant,
  before: readonly PermissionGrant[],
  implies: PermissionOptions["implies"],
): boolean {
  return GRANTED_FIELDS.every((field) =>
    (grant[field] ?? []).every((name) => {
      const held = listHeldNames(name, grant.match);
      const wider = before.filter((other) => isWider(other, grant));
      return held.every((text) => {
        const rows = wider.filter((other) =>
          (other[field] ?? []).some((known) => listHeldNames(known, other.match).includes(text)),
        );
        const given = closePermissions(
          rows.flatMap(({ to }) => to),
          implies,
        );
        return grant.to.every((permission) => given.has(permission));
      });
    }),
  );
}

/** Whether it holds wherever the other one does. */
function isWider(row: PermissionGrant, other: PermissionGrant): boolean {
  const covers = (wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean =>
    wide === undefined || (narrow?.every((text) => wide.includes(text)) ?? false);
  return (
    covers(row.issuers, other.issuers) &&
    covers(row.tenants, other.tenants) &&
    (row.service === undefined || row.service === other.service)
  );
}
