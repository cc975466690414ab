import type {
  IntrospectedIssuer,
  IntrospectionConfiguration,
} from "../../src/config/introspection-configuration.ts";
import { introspectionSchema } from "../../src/config/introspection-schema.ts";

const ISSUER = "https://issuer.test/";
const AUDIENCES = ["https://api.test"];

/** An issuer that is asked at this endpoint, with the defaults of the file. */
export function describeIssuer(
  endpoint: string,
  changes: Partial<IntrospectionConfiguration> & {
    readonly issuer?: string;
    readonly audiences?: readonly string[];
  } = {},
): IntrospectedIssuer {
  const { issuer = ISSUER, audiences = AUDIENCES, ...rest } = changes;
  const hasCredentials = rest.privateKey !== undefined || rest.tls?.certificate !== undefined;
  const introspection = introspectionSchema.parse({
    endpoint,
    clientId: "countersign",
    ...(!hasCredentials && { clientSecret: "s3cret" }),
    insecureLoopbackHttp: true,
    ...rest,
  });
  return { issuer, alias: "main", audiences, introspection };
}
