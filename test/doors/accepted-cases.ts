import type { FrontCase } from "./front-case.ts";

const WEB_SOCKET = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const PREFLIGHT = ["Origin: https://app.test", "Access-Control-Request-Method: POST"];

/** What has to pass, and what has to pass without being anybody. */
export const ACCEPTED_CASES: readonly FrontCase[] = [
  { name: "a good token", rule: "pass", request: ({ good }) => ({ token: good }) },
  {
    name: "a good token, scheme in lower case",
    rule: "pass",
    request: ({ good }) => ({ lines: [`authorization: bearer ${good}`] }),
  },
  { name: "a user who signed in", rule: "pass", request: ({ user }) => ({ token: user }) },
  {
    name: "a target with a query",
    rule: "pass",
    request: ({ good }) => ({ token: good, target: "/orders/1?x=%2F&y=a+b&z=../.." }),
  },
  { name: "HEAD", rule: "pass", request: ({ good }) => ({ token: good, method: "HEAD" }) },
  {
    name: "POST with a body",
    rule: "pass",
    request: ({ good }) => ({ token: good, method: "POST", body: "x".repeat(100_000) }),
  },
  {
    name: "POST with a body in chunks",
    rule: "pass",
    request: ({ good }) => ({
      token: good,
      method: "POST",
      lines: ["Transfer-Encoding: chunked"],
      body: "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    }),
  },
  {
    name: "POST that expects 100",
    rule: "pass",
    request: ({ good }) => ({ token: good, method: "POST", lines: ["Expect: 100-continue"], body: "hello" }),
  },
  {
    name: "an answer in pieces (SSE)",
    rule: "pass",
    request: ({ good }) => ({ token: good, target: "/orders/stream" }),
  },
  {
    name: "a WebSocket handshake with a token",
    rule: "judge",
    request: ({ good }) => ({ token: good, lines: WEB_SOCKET }),
  },
  { name: "a WebSocket handshake without", rule: "refuse", request: () => ({ lines: WEB_SOCKET }) },
  { name: "an open route, no token", rule: "nobody", request: () => ({ target: "/public/index" }) },
  {
    name: "an open route, good token",
    rule: "nobody",
    request: ({ good }) => ({ token: good, target: "/public/index" }),
  },
  {
    name: "an open route, expired token",
    rule: "nobody",
    request: ({ expired = "" }) => ({ token: expired, target: "/public/index" }),
  },
  { name: "an optional route, no token", rule: "nobody", request: () => ({ target: "/welcome" }) },
  {
    name: "an optional route, good token",
    rule: "pass",
    request: ({ good }) => ({ token: good, target: "/welcome" }),
  },
  {
    name: "an optional route, expired token",
    rule: "refuse",
    request: ({ expired = "" }) => ({ token: expired, target: "/welcome" }),
  },
  {
    name: "a preflight where the route allows it",
    rule: "nobody",
    request: () => ({ method: "OPTIONS", target: "/browser/1", lines: PREFLIGHT }),
  },
  {
    name: "a preflight with a forged identity",
    rule: "judge",
    request: () => ({
      method: "OPTIONS",
      target: "/browser/1",
      lines: [...PREFLIGHT, "X-Auth-Subject: user-root"],
    }),
  },
  {
    name: "a preflight where the route says nothing",
    rule: "refuse",
    request: () => ({ method: "OPTIONS", lines: PREFLIGHT }),
  },
  {
    name: "OPTIONS that is no preflight",
    rule: "refuse",
    request: () => ({ method: "OPTIONS", target: "/browser/1" }),
  },
];
