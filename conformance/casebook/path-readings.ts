/** What servers make of a path. Whoever guards one has to reckon with all of them. */

const MAX_DECODINGS = 3;

/** The paths that some server takes this target for. Its query is no part of any. */
export function listReadings(target: string): ReadonlySet<string> {
  const readings = new Set<string>();
  let raw = cutAt(target, "?");
  for (let turn = 0; turn < MAX_DECODINGS; turn += 1) {
    for (const variant of listVariants(raw)) readings.add(variant);
    const decoded = decodeOnce(raw);
    if (decoded === raw) break;
    raw = decoded;
  }
  return readings;
}

/** What the target means to a server that decodes once and does nothing else. */
export function readPlainly(target: string): string {
  return decodeOnce(cutAt(target, "?"));
}

function listVariants(raw: string): readonly string[] {
  const cuts = [raw, cutAt(raw, "?"), cutAt(raw, "#"), cutAt(cutAt(raw, "#"), "?"), cutAt(raw, "\0")];
  const slashed = cuts.flatMap((path) => [path, path.replaceAll("\\", "/")]);
  const bare = slashed.flatMap((path) => [path, path.replace(/;[^/]*/g, "")]);
  return bare.flatMap((path) => [path, resolveDots(path), resolveDots(path.replace(/\/+/g, "/"))]);
}

function cutAt(text: string, mark: string): string {
  return text.split(mark, 1)[0] ?? "";
}

function resolveDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/").slice(1)) {
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

/** Each octet for itself, so that what is not UTF-8 stays readable. */
function decodeOnce(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
