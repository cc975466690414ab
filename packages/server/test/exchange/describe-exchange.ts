import type { ExchangeConfiguration, NamedExchange } from "../../src/config/exchange-configuration.ts";
import { exchangesSchema } from "../../src/config/exchange-schema.ts";

/** An exchange at this endpoint, with the defaults of the file. */
export function describeExchange(
  tokenEndpoint: string,
  changes: Partial<ExchangeConfiguration> & { readonly name?: string } = {},
): NamedExchange {
  const { name = "orders", ...rest } = changes;
  const hasCredentials = rest.privateKey !== undefined || rest.tls?.certificate !== undefined;
  const { [name]: exchange } = exchangesSchema.parse({
    [name]: {
      tokenEndpoint,
      clientId: "countersign",
      ...(!hasCredentials && { clientSecret: "s3cret" }),
      audiences: ["https://orders.test"],
      insecureLoopbackHttp: true,
      ...rest,
    },
  });
  if (exchange === undefined) throw new TypeError("the schema lost the exchange");
  return { name, issuers: exchange.issuers ?? ["main"], exchange };
}

const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
export const TXN_TOKEN = "urn:ietf:params:oauth:token-type:txn_token";

/** A good answer. */
export function answerToken(token: string, changes: object = {}): object {
  return {
    access_token: token,
    issued_token_type: ACCESS_TOKEN,
    token_type: "Bearer",
    expires_in: 600,
    ...changes,
  };
}
