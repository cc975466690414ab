import type { FrontCase } from "./front-case.ts";

function path(target: string, name: string = `\`${target}\``): FrontCase {
  return { name, rule: "refuse", request: () => ({ target }) };
}

/** Spellings of a guarded path, without a token: none of them may get around the route. */
export const PATH_CASES: readonly FrontCase[] = [
  path("/public/../orders/1"),
  path("/public/%2e%2e/orders/1"),
  path("/public/..%2forders/1"),
  path("/public/%2E./orders/1"),
  path("/public\\..\\orders/1", "`/public\\..\\orders/1`"),
  path("/public/%5c..%5corders/1"),
  path("/public/..;/orders/1"),
  path("/public;/../orders/1"),
  path("/public/%252e%252e/orders/1"),
  path("//orders/1"),
  path("/./orders/1"),
  path("/%6frders/1"),
  path("/orders%2f1"),
  path("/orders/1%00"),
  path("/orders/1/"),
  path("/orders/\xff", "a path with an octet that is not UTF-8"),
  path("/orders/1?/public/index"),
  path("/orders/1#/public/index"),
  path("*"),
  path(`/orders/${"x".repeat(9000)}`, "a path of 9,000 characters"),
  {
    name: "the whole URL as target",
    rule: "refuse",
    request: () => ({ target: "http://api.test/orders/1" }),
  },
  {
    name: "the whole URL of an open path, other host",
    rule: "judge",
    request: () => ({ target: "http://other.test/public/index" }),
  },
];

function lie(line: string, name: string = `\`${line}\``): FrontCase {
  return { name, rule: "refuse", request: () => ({ lines: [line] }) };
}

/** Headers that describe another request than this one, without a token. */
export const DESCRIPTION_CASES: readonly FrontCase[] = [
  lie("X-Forwarded-Uri: /public/index"),
  lie("X_Forwarded_Uri: /public/index"),
  lie("X-Original-URI: /public/index"),
  lie("X-Original-URL: /public/index"),
  lie("X-Rewrite-URL: /public/index"),
  lie("X-Envoy-Original-Path: /public/index"),
  lie("X-Forwarded-Method: OPTIONS"),
  lie("X-Forwarded-Prefix: /public"),
  lie("Forwarded: for=127.0.0.1;proto=https"),
  lie("User-Agent: kube-probe/1.30"),
  lie("X-Envoy-Auth-Failure-Mode-Allowed: true"),
  {
    name: "`X-HTTP-Method-Override: DELETE` with a good token",
    rule: "judge",
    request: ({ good }) => ({ token: good, lines: ["X-HTTP-Method-Override: DELETE"] }),
  },
];

function forge(line: string, name: string = `\`${line}\``): FrontCase {
  return { name, rule: "judge", request: ({ good }) => ({ token: good, lines: [line] }) };
}

/** Identity that a client writes itself, beside a good token. */
export const IDENTITY_CASES: readonly FrontCase[] = [
  forge("X-Auth-Subject: user-root"),
  forge("x-auth-subject: user-root"),
  forge("X_Auth_Subject: user-root"),
  forge("X-Auth_Subject: user-root"),
  forge("X.Auth.Subject: user-root"),
  forge("X~Auth~Subject: user-root"),
  forge("X-Auth-Roles: user-root"),
  forge("X-Auth-Tenant: user-root"),
  forge("X-Auth-Status: user-root"),
  forge("X-Auth-Subject: user-root\r\nX-Auth-Subject: user-root", "`X-Auth-Subject` twice"),
  forge("X-A: b\r\n X-Auth-Subject: user-root", "`X-Auth-Subject` in a folded line"),
  {
    name: "`X-Auth-Subject` on an open route",
    rule: "judge",
    request: () => ({ target: "/public/index", lines: ["X-Auth-Subject: user-root"] }),
  },
  forge("Connection: close, X-Auth-Subject"),
  forge("Connection: close, Authorization"),
  forge("Connection: close, X-Forwarded-Uri"),
];

/** What is there twice, too long, or framed in two ways; with a good token unless it says otherwise. */
export const FRAMING_CASES: readonly FrontCase[] = [
  {
    name: "two Authorization headers",
    rule: "refuse",
    request: ({ good }) => ({ token: good, lines: ["Authorization: Bearer opaque"] }),
  },
  {
    name: "two tokens in one header",
    rule: "refuse",
    request: ({ good }) => ({ lines: [`Authorization: Bearer ${good}, Bearer opaque`] }),
  },
  {
    name: "two Host headers",
    rule: "refuse",
    request: ({ good }) => ({ token: good, lines: ["Host: other.test"] }),
  },
  { name: "no Host", rule: "refuse", request: ({ good }) => ({ token: good, host: false }) },
  {
    name: "two lengths",
    rule: "refuse",
    request: ({ good }) => ({
      token: good,
      method: "POST",
      lines: ["Content-Length: 5", "Content-Length: 6"],
      body: "hello!",
    }),
  },
  {
    name: "chunked and a length",
    rule: "judge",
    request: ({ good }) => ({
      token: good,
      method: "POST",
      lines: ["Transfer-Encoding: chunked", "Content-Length: 3"],
      body: "5\r\nhello\r\n0\r\n\r\n",
    }),
  },
  {
    name: "a token of 9,000 characters",
    rule: "refuse",
    request: () => ({ token: `${"e".repeat(8990)}.e.e` }),
  },
  {
    name: "300 header fields",
    rule: "refuse",
    request: ({ good }) => ({ token: good, lines: Array.from({ length: 300 }, (_, at) => `a${at}: b`) }),
  },
  {
    name: "a header of 20,000 characters",
    rule: "judge",
    request: ({ good }) => ({ token: good, lines: [`X-Long: ${"x".repeat(20_000)}`] }),
  },
  {
    name: "CONNECT",
    rule: "refuse",
    request: ({ good }) => ({ token: good, method: "CONNECT", target: "api.test:443" }),
  },
  {
    name: "TRACE",
    rule: "refuse",
    request: ({ good }) => ({ token: good, method: "TRACE", target: "/public/index" }),
  },
  { name: "a method in lower case", rule: "refuse", request: ({ good }) => ({ token: good, method: "get" }) },
  {
    name: "an upgrade to h2c",
    rule: "judge",
    request: ({ good }) => ({
      token: good,
      lines: ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"],
    }),
  },
  {
    name: "an upgrade to h2c without a token",
    rule: "refuse",
    request: () => ({
      lines: ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"],
    }),
  },
  { name: "HTTP/1.0", rule: "judge", request: ({ good }) => ({ token: good, version: "1.0" }) },
];
