import { Refusal } from "../refusal.ts";
import { type ClaimCheck, showClaim } from "./claim-check.ts";

/**
 * Any of the audiences, compared code point by code point (RFC 7519 section 4.1.3; RFC 8725 section 3.9).
 *
 * @param instead The claim that stands for `aud` in tokens without one.
 */
export function createAudienceCheck(audiences: readonly string[], instead?: "client_id"): ClaimCheck {
  const accepted = new Set(audiences);
  const expected = `aud to name ${audiences.join(" or ")}`;
  const mismatch = new Refusal("audience_mismatch", { expected });
  return {
    name: "aud",
    expected,
    standsAlone: false,
    dependsOnTime: false,
    run({ claims }) {
      const aud = (claims["aud"] ?? (instead && claims[instead])) as string | readonly string[] | undefined;
      if (typeof aud === "string") return accepted.has(aud) ? undefined : mismatch;
      return aud?.some((member) => accepted.has(member)) ? undefined : mismatch;
    },
    show: ({ claims }) => showClaim(claims, "aud"),
  };
}
