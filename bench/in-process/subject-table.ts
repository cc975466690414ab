/** Which libraries are measured in process, and in which variants. */

import type { CreateJudge } from "./subject.ts";

/** Loads one library and no other: each process holds one. */
export const SUBJECT_MODULES = {
  floor: () => import("./subjects/floor.ts"),
  "fresh-string": () => import("./subjects/fresh-string.ts"),
  routes: () => import("./subjects/routes.ts"),
  countersign: () => import("./subjects/countersign.ts"),
  "fast-jwt": () => import("./subjects/fast-jwt.ts"),
  jsonwebtoken: () => import("./subjects/jsonwebtoken.ts"),
  "aws-jwt-verify": () => import("./subjects/aws-jwt-verify.ts"),
  jose: () => import("./subjects/jose.ts"),
} as const satisfies Record<string, () => Promise<{ readonly create: CreateJudge }>>;

export type SubjectModule = keyof typeof SUBJECT_MODULES;

/** One line of a result. Plain data: it is sent to the subject's process. */
export interface SubjectVariant {
  readonly subject: string;
  readonly module: SubjectModule;
  /** The case's memory of tokens is used. Default false: every token is verified. */
  readonly isCached?: boolean;
  /** The asynchronous call, where there are two. Default false. */
  readonly isAwaited?: boolean;
  /** Judgements under way at the same time. Default 1. */
  readonly inFlight?: number;
}

const FLOOR: SubjectVariant = { subject: "floor", module: "floor" };
const PEERS: readonly SubjectVariant[] = [
  { subject: "fast-jwt", module: "fast-jwt" },
  { subject: "jsonwebtoken", module: "jsonwebtoken" },
  { subject: "aws-jwt-verify", module: "aws-jwt-verify" },
  { subject: "jose", module: "jose" },
];

/** Every token is verified. */
export const VERIFY_SUBJECTS: readonly SubjectVariant[] = [
  FLOOR,
  { subject: "countersign", module: "countersign" },
  { subject: "countersign (validate)", module: "countersign", isAwaited: true },
  ...PEERS,
  { subject: "jose (64 in flight)", module: "jose", inFlight: 64 },
];

/** Verified tokens are remembered; what has no such memory is in the suite above. */
export const CACHED_SUBJECTS: readonly SubjectVariant[] = [
  FLOOR,
  { subject: "countersign", module: "countersign", isCached: true },
  { subject: "countersign (validate)", module: "countersign", isCached: true, isAwaited: true },
  { subject: "countersign (cache off)", module: "countersign" },
  { subject: "fast-jwt", module: "fast-jwt", isCached: true },
  { subject: "fast-jwt (cache off)", module: "fast-jwt" },
];

/** As each is set up by default, ours with its memory. */
export const REFUSE_SUBJECTS: readonly SubjectVariant[] = [
  { subject: "floor", module: "fresh-string" },
  { subject: "countersign", module: "countersign", isCached: true, isAwaited: true },
  { subject: "countersign (validateSync)", module: "countersign", isCached: true },
  ...PEERS,
];
