import { BOUND_SUITE } from "./bound.ts";
import { CACHED_SUITE } from "./cached.ts";
import { DECISION_SUITE } from "./decision.ts";
import { GRPC_SUITE } from "./grpc.ts";
import { MEMORY_SUITE } from "./memory.ts";
import { PRINCIPAL_SUITE } from "./principal.ts";
import { PROXY_SUITE } from "./proxy.ts";
import { REFUSE_SUITE } from "./refuse.ts";
import { REVOCATION_SUITE } from "./revocation.ts";
import { SCALE_SUITE } from "./scale.ts";
import { START_SUITE } from "./start.ts";
import type { Suite } from "./suite.ts";
import { VERIFY_SUITE } from "./verify.ts";

/** In the order in which they run. */
export const SUITES: readonly Suite[] = [
  VERIFY_SUITE,
  CACHED_SUITE,
  REFUSE_SUITE,
  BOUND_SUITE,
  REVOCATION_SUITE,
  PRINCIPAL_SUITE,
  DECISION_SUITE,
  PROXY_SUITE,
  GRPC_SUITE,
  SCALE_SUITE,
  MEMORY_SUITE,
  START_SUITE,
];
