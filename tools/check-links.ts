/** Finds links in Markdown pages that lead to no file, or to no heading, of this repository. */

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Finding } from "./finding.ts";
import { readRepositoryFiles } from "./repository-files.ts";

const LINK = /!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s+(\S+)/g;

/** Code is no place for links: fenced blocks and code spans become blank, lines stay where they are. */
function blankCode(text: string): string {
  return text
    .replace(/^( {0,3})(```+|~~~+)[\s\S]*?^\1\2[^\n]*$/gm, (block) => block.replace(/[^\n]/g, " "))
    .replace(/`[^`\n]+`/g, (span) => " ".repeat(span.length));
}

/** Anchors as GitHub makes them: lower case, punctuation dropped, spaces to hyphens, repeats numbered. */
function readAnchors(text: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[`*]/g, "")
      .toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    const repeats = seen.get(slug) ?? 0;
    seen.set(slug, repeats + 1);
    anchors.add(repeats === 0 ? slug : `${slug}-${repeats}`);
  }
  for (const [, name = ""] of text.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(name);
  return anchors;
}

/** What is wrong with the link, or undefined; links to other places are not followed. */
function checkLink(root: string, page: string, link: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link)) return undefined;
  const [target = "", anchor = ""] = decodeURI(link).split("#");
  const from = target.startsWith("/") ? root : path.join(root, path.dirname(page));
  const file = target === "" ? path.join(root, page) : path.join(from, target);
  if (!existsSync(file)) return `links to ${link}, which does not exist`;
  if (anchor === "" || !file.endsWith(".md")) return undefined;
  const anchors = readAnchors(readFileSync(file, "utf8"));
  return anchors.has(anchor) ? undefined : `links to ${link}, but the page has no such heading`;
}

export function checkLinks(root: string): Finding[] {
  return readRepositoryFiles(root, (file) => file.endsWith(".md")).flatMap(({ path: page, text }) =>
    blankCode(text)
      .split("\n")
      .flatMap((content, index) =>
        [...content.matchAll(LINK)].flatMap(([, inline, reference]) => {
          const message = checkLink(root, page, inline ?? reference ?? "");
          return message === undefined ? [] : [{ path: page, line: index + 1, message }];
        }),
      ),
  );
}
