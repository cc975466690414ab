/** Members of a list by their names, in the order of the list. (`Map.groupBy` is younger than some runtimes.) */
export function groupBy<T, N>(members: Iterable<T>, nameOf: (member: T) => N): Map<N, T[]> {
  const groups = new Map<N, T[]>();
  for (const member of members) {
    const name = nameOf(member);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [member]);
    else group.push(member);
  }
  return groups;
}
