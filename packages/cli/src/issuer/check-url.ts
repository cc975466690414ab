import type { ProbeLog } from "./probe-step.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** True where plain http to this host stays on the machine. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname);
}

/**
 * Holds a URL against the rules of the engine's key fetching: https, or http to loopback; no credentials.
 *
 * @throws ProbeStopped
 */
export function checkUrl(
  url: URL,
  { log, target }: { readonly log: ProbeLog; readonly target: string },
): void {
  if (url.username !== "" || url.password !== "") {
    log.fail(target, {
      name: "url",
      fault: "wrong",
      detail: "the URL holds a user name or a password",
      remedy: "Remove them: keys are public, and URLs end up in logs.",
    });
  }
  if (url.protocol === "http:" && isLoopback(url)) {
    log.add(target, {
      name: "url",
      outcome: "warning",
      detail: `${url.href}: plain http to this machine`,
      remedy: "For development only; the configuration needs `insecureLoopbackHttp: true`.",
    });
    return;
  }
  if (url.protocol !== "https:") {
    log.fail(target, {
      name: "url",
      fault: "wrong",
      detail: `${url.protocol} is not accepted`,
      remedy: "Use https: whoever can change the keys on their way can sign any token.",
    });
  }
  log.add(target, { name: "url", outcome: "passed", detail: url.href });
}
