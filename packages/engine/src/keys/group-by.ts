/** Members of a list by their names, in the order of the list. (`Map.groupBy` is younger than some runtimes.) */
export function groupBy<T>(members: Iterable<T>, nameOf: (member: T) => string): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const member of members) {
    const name = nameOf(member);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [member]);
    else group.push(member);
  }
  return groups;
}
