/** `permissions`: the table from what tokens state to what their holders may do. The library checks what names mean. */

import type { PermissionOptions } from "countersign/policy";
import * as z from "zod";

const text = z.string().min(1).max(2048);
const texts = z.array(text).min(1).max(256);

const service = z.strictObject({
  service: text.describe("Its name here."),
  audiences: texts.describe("What tokens call it: one of these is in aud, exactly."),
  tenants: texts.exactOptional().describe("Only tokens of these tenants. Default any."),
  issuers: texts.exactOptional().describe("Only tokens of these issuers, by name. Default any."),
});

const grant = z.strictObject({
  to: texts.describe("What is granted: names of `names`."),
  roles: texts.exactOptional(),
  groups: texts.exactOptional(),
  scopes: texts.exactOptional(),
  permissions: texts.exactOptional().describe("Those that tokens state, as the issuer's mapping reads them."),
  match: z
    .enum(["exact", "hierarchical"])
    .exactOptional()
    .describe("hierarchical: what stands above a name by whole words counts as the name. Default exact."),
  issuers: texts.exactOptional().describe("Only tokens of these issuers, by name. Default any."),
  tenants: texts.exactOptional().describe("Only principals of these tenants. Default any."),
  service: text.exactOptional().describe("Only tokens for this one of `services`. Default any."),
});

export const permissionSchema: z.ZodType<PermissionOptions> = z.strictObject({
  names: z.array(text).min(1).max(1024).describe("Every permission there is: no other can be granted."),
  implies: z.record(text, texts).exactOptional().describe("Permissions that hold with another one."),
  services: z.array(service).max(256).exactOptional().describe("Services, by the audiences of tokens."),
  grants: z.array(grant).min(1).max(1024).describe("Who holds one of these is granted what stands in `to`."),
});
