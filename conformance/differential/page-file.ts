import { fileURLToPath } from "node:url";

/** The committed page. */
export const PAGE_FILE: string = fileURLToPath(
  new URL("../../docs/reference/stricter-than-peers.md", import.meta.url),
);
