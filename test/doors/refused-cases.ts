import type { FrontCase } from "./front-case.ts";

/** Every class of reason that a client can bring about. Those of `kinds` are tokens to `/orders/1`. */
const KINDS: Readonly<Record<string, string>> = {
  expired: "an expired token",
  notYet: "a token whose nbf is to come",
  fromFuture: "a token whose iat is to come",
  longLived: "a token that lives for years",
  noExpiry: "a token without exp",
  oddExpiry: "a token whose exp is a text",
  otherAudience: "a token for another audience",
  otherIssuer: "a token of an issuer that is not trusted",
  tampered: "a token with other claims",
  damaged: "a token with a damaged signature",
  forged: "a token of another key under the issuer's kid",
  unsigned: "an unsigned token",
  symmetric: "a token with alg HS256",
  critical: "a token with a crit that is not understood",
  encrypted: "an encrypted token",
  otherType: "a token with typ dpop+jwt",
  idToken: "an ID token",
  opaque: "no JWT at all",
};

export const REFUSED_CASES: readonly FrontCase[] = [
  { name: "no token", rule: "refuse", request: () => ({}) },
  {
    name: "another scheme",
    rule: "refuse",
    request: () => ({ lines: ["Authorization: Basic YTpi"] }),
  },
  {
    name: "the token in the query",
    rule: "refuse",
    request: ({ good }) => ({ target: `/orders/1?access_token=${good}` }),
  },
  {
    name: "the token in a cookie",
    rule: "refuse",
    request: ({ good }) => ({ lines: [`Cookie: access_token=${good}`] }),
  },
  ...Object.entries(KINDS).map(
    ([kind, name]): FrontCase => ({
      name,
      rule: "refuse",
      request: (tokens) => ({ token: tokens[kind] ?? "" }),
    }),
  ),
  {
    name: "a scheme without a token",
    rule: "refuse",
    request: () => ({ lines: ["Authorization: Bearer"] }),
  },
  {
    name: "white space in the token",
    rule: "refuse",
    request: ({ good }) => ({ lines: [`Authorization: Bearer ${good} ${good}`] }),
  },
  {
    name: "a token without the route's scope",
    rule: "refuse",
    request: ({ reader = "" }) => ({ token: reader, method: "POST", body: "" }),
  },
  {
    name: "a token without the route's acr",
    rule: "refuse",
    request: ({ good }) => ({ token: good, target: "/vault" }),
  },
  {
    name: "a path that no route names",
    rule: "refuse",
    request: ({ good }) => ({ token: good, target: "/admin" }),
  },
  {
    name: "a method that no route names",
    rule: "refuse",
    request: ({ good }) => ({ token: good, method: "DELETE" }),
  },
  {
    name: "an issuer whose keys cannot be had",
    rule: "unavailable",
    request: ({ silent = "" }) => ({ token: silent }),
  },
];
