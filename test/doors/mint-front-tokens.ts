import type { DevIdp } from "@countersign/dev-idp";
import { signInAs } from "../../packages/dev-idp/test/sign-in.ts";
import { changeHeader, createForger, damageSignature, stripSignature, tamper } from "../kit/forge-tokens.ts";
import type { FrontTokens } from "./front-case.ts";

const OTHER_AUDIENCE = "https://reports.countersign.test";
const YEAR_SECONDS = 31_536_000;

/** Every token of the table: good ones of the provider, and what strangers make of them. */
export async function mintFrontTokens(idp: DevIdp, silentIssuer: string): Promise<FrontTokens> {
  const good = await idp.mint();
  const { access_token: user, id_token: idToken = "" } = await signInAs(idp, "user-ada");
  const now = Math.floor(Date.now() / 1000);
  return {
    good,
    user,
    idToken,
    expired: await idp.mintExpired(),
    otherAudience: await idp.mintForAudience(OTHER_AUDIENCE),
    reader: await mintReader(idp),
    // What needs no key to be refused is found before the signature, which does not fit any more.
    notYet: tamper(good, { nbf: now + 3600 }),
    fromFuture: tamper(good, { iat: now + 3600, exp: now + 3900 }),
    longLived: tamper(good, { exp: now + 5 * YEAR_SECONDS }),
    noExpiry: tamper(good, { exp: undefined }),
    oddExpiry: tamper(good, { exp: "tomorrow" }),
    otherIssuer: tamper(good, { iss: "https://other.test/" }),
    silent: tamper(good, { iss: silentIssuer }),
    tampered: tamper(good),
    damaged: damageSignature(good),
    forged: createForger()(good),
    unsigned: stripSignature(good),
    symmetric: changeHeader(good, { alg: "HS256" }),
    critical: changeHeader(good, { crit: ["x"], x: 1 }),
    encrypted: "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA",
    otherType: changeHeader(good, { typ: "dpop+jwt" }),
    opaque: "opaque",
  };
}

async function mintReader(idp: DevIdp): Promise<string> {
  const response = await fetch(idp.tokenEndpoint, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${idp.clientId}:${idp.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "orders:read" }),
  });
  const { access_token: token } = (await response.json()) as { readonly access_token: string };
  return token;
}
