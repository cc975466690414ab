/** Fields of the principal that are headers only where the configuration chooses them. */

import type { Principal } from "countersign";
import type { PrincipalField } from "../config/principal-field.ts";
import { encodeListItem, encodeText } from "./encode-claim.ts";

type FieldValue = string | readonly string[] | undefined;

export const READ_FIELD: Readonly<Record<PrincipalField, (principal: Principal) => FieldValue>> = {
  kind: ({ kind }) => kind,
  tenant: ({ tenant }) => tenant,
  session: ({ session }) => session,
  groups: ({ groups }) => groups,
  permissions: ({ permissions }) => permissions,
  acr: ({ authentication }) => authentication.acr,
  amr: ({ authentication }) => authentication.amr,
  authTime: ({ authentication }) => authentication.authTime?.toString(),
};

/** Lists are comma-separated. Undefined where one has more members than a header is to have. */
export function encodeField(value: FieldValue, maxListItems: number): string | undefined {
  if (typeof value !== "object") return encodeText(value ?? "");
  return value.length > maxListItems ? undefined : value.map(encodeListItem).join(",");
}
