/**
 * A text that keeps only itself alive. Runtimes make a longer part of a text as a view that keeps all of it: a remembered
 * word would keep its token, and a remembered token the request that it came with.
 */
export function copyText(part: string): string {
  return `_${part}`.slice(1);
}
