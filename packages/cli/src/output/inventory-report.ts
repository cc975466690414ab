import type { Inventory } from "../inventory/inventory.ts";
import type { Terminal } from "../terminal.ts";
import { alignColumns } from "./columns.ts";
import { renderMark } from "./marks.ts";
import { shorten } from "./printable.ts";

const show = (text: string | null): string => (text === null ? "–" : shorten(text, 80));
const abbreviate = (hash: string | null): string => (hash === null ? "–" : hash.slice(0, 16));

/** Issuers, instances and what they differ in, as lines for people. */
export function renderInventory(inventory: Inventory, { paint }: Pick<Terminal, "paint">): string {
  const { issuers, instances, differences, head } = inventory;
  const differing = new Set(differences.map(({ instance }) => instance));
  const lines = [
    paint("bold", "Issuers"),
    ...issuers.flatMap(({ name, issuer, keySource, jwksUri, keySetHash, keys }) => [
      `  ${name}  ${show(issuer)}  keys by ${keySource} ${jwksUri === null ? "" : show(jwksUri)} (${abbreviate(keySetHash)})`,
      ...alignColumns(
        keys.map(({ keyId, algorithm, state }) => [show(keyId), show(algorithm), state]),
        "    ",
      ),
    ]),
    paint("bold", `Instances (the feed ends at ${head})`),
    ...alignColumns(
      instances.map(({ id, version, state, configurationHash, position, ageSeconds }) => [
        `${renderMark(differing.has(id) ? "bad" : "good", paint)} ${show(id)}`,
        show(version),
        state,
        `configuration ${abbreviate(configurationHash)}`,
        `position ${position}`,
        ageSeconds === null ? "never complete" : `${ageSeconds.toFixed(1)} s old`,
      ]),
    ),
    ...(differences.length === 0 ? [] : [paint("bold", "Differences")]),
    ...differences.map(({ instance, what, issuer, found, expected }) => {
      const subject = issuer === null ? what : `${what} of ${show(issuer)}`;
      return `  ${show(instance)}: ${subject}: found ${show(found)}, expected ${show(expected)}`;
    }),
    differences.length === 0 ? "All agree." : `${differing.size} of ${instances.length} instances differ.`,
  ];
  return `${lines.join("\n")}\n`;
}
