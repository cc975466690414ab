/** What challenges and metadata say of DPoP: only where the configuration speaks of it. */

import { DEFAULT_DPOP_ALGORITHMS, type IssuerOptions } from "countersign";

export interface DpopOffer {
  /** Of proofs that some issuer's tokens may be used with. */
  readonly dpopAlgorithms?: readonly string[];
  /** True where no token is accepted without one. */
  readonly dpopRequired?: boolean;
}

/** Issuers whose tokens may be bound without the configuration saying so are not told about: the client knows. */
export function describeDpopOffer(issuers: readonly Pick<IssuerOptions, "binding">[]): DpopOffer {
  const offers = issuers.map(({ binding }) => readOffer(binding));
  const algorithms = new Set(offers.flatMap((offer) => offer?.algorithms ?? []));
  if (algorithms.size === 0) return {};
  const isRequired = offers.every((offer) => offer?.isRequired === true);
  return { dpopAlgorithms: [...algorithms], ...(isRequired && { dpopRequired: true }) };
}

interface Offer {
  readonly algorithms: readonly string[];
  readonly isRequired: boolean;
}

function readOffer(binding: IssuerOptions["binding"]): Offer | undefined {
  if (typeof binding !== "object") return undefined;
  const { dpop, mtls, unbound } = binding;
  const isRequired = unbound === "refused" && mtls === "refused";
  if (dpop === "refused" || (dpop === undefined && unbound !== "refused")) return undefined;
  return { algorithms: dpop?.algorithms ?? DEFAULT_DPOP_ALGORITHMS, isRequired };
}
