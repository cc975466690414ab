/** How we say who we are to an authorization server; the protocols themselves are oauth4webapi's. */

import { createPrivateKey, type KeyObject } from "node:crypto";

import { importPKCS8 } from "jose";
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  PrivateKeyJwt,
  TlsClientAuth,
} from "oauth4webapi";

import type {
  ClientAlgorithm,
  ClientAuthentication,
  ClientCredentials,
} from "../config/client-credentials.ts";

type Credentials = Omit<ClientCredentials, "clientId">;

/** As written, else by what is given. */
export function chooseAuthentication(given: Credentials): ClientAuthentication {
  if (given.authentication !== undefined) return given.authentication;
  if (given.privateKey !== undefined) return "private_key_jwt";
  return given.clientSecret === undefined ? "tls_client_auth" : "client_secret_basic";
}

/** Imports a key once. Rejects where what is given does not fit, which the configuration's checks see to. */
export async function createClientAuthentication(given: Credentials): Promise<ClientAuth> {
  const { clientSecret, privateKey, assertionAudience } = given;
  switch (chooseAuthentication(given)) {
    case "client_secret_basic":
      return ClientSecretBasic(requireGiven(clientSecret));
    case "client_secret_post":
      return ClientSecretPost(requireGiven(clientSecret));
    case "tls_client_auth":
      return TlsClientAuth();
    default: {
      const pem = requireGiven(privateKey);
      const algorithm = given.algorithm ?? chooseAlgorithm(createPrivateKey(pem));
      const key = await importPKCS8(pem, requireGiven(algorithm));
      return PrivateKeyJwt(given.keyId === undefined ? { key } : { key, kid: given.keyId }, {
        [modifyAssertion](_header, payload) {
          if (assertionAudience !== undefined) payload["aud"] = assertionAudience;
        },
      });
    }
  }
}

const CURVES: Readonly<Record<string, ClientAlgorithm>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

/** The usual algorithm of a key; undefined where there is none. */
function chooseAlgorithm({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: Pick<KeyObject, "asymmetricKeyType" | "asymmetricKeyDetails">): ClientAlgorithm | undefined {
  if (type === "ed25519") return "Ed25519";
  if (type === "ec") return CURVES[details?.namedCurve ?? ""];
  return type === "rsa" && (details?.modulusLength ?? 0) >= 2048 ? "RS256" : undefined;
}

function requireGiven<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("the configuration's checks let missing credentials pass");
  return value;
}
