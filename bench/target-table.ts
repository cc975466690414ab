import type { FigurePlace, Target } from "./target.ts";
import { BENCH_ALGORITHMS } from "./tokens/key-material.ts";

const ours = (suite: string, name: string): FigurePlace => ({ suite, case: name, subject: "countersign" });
const other = (subject: string, place: FigurePlace): FigurePlace => ({ ...place, subject });

/** Ours over the primitive alone. Of HS256 nothing is asked: its primitive is nearly nothing. */
const FLOOR_RATIOS = { RS256: 1.3, ES256: 1.12, Ed25519: 1.08 } as const;

const PEERS = ["fast-jwt", "jsonwebtoken", "aws-jwt-verify", "jose"];
const LACKS: Readonly<Record<string, readonly string[]>> = {
  jsonwebtoken: ["Ed25519"],
  "aws-jwt-verify": ["PS256", "HS256"],
};

const VERIFY_TARGETS: readonly Target[] = BENCH_ALGORITHMS.flatMap((algorithm) => {
  const place = ours("verify", `${algorithm} 800`);
  const peers = PEERS.filter((peer) => LACKS[peer]?.includes(algorithm) !== true).map((peer): Target => {
    const figure = { kind: "ratio", of: other(peer, place), to: place } as const;
    const atLeast = peer === "jose" && algorithm === "RS256" ? 3 : 1;
    return { text: `${algorithm}: ${peer} over ours`, figure, atLeast };
  });
  const difference = { kind: "difference", of: place, to: other("floor", place) } as const;
  return [
    { text: `${algorithm}: all but the primitive, µs`, figure: difference, atMost: 10 },
    ...Object.entries(FLOOR_RATIOS)
      .filter(([name]) => name === algorithm)
      .map(([, atMost]): Target => {
        const figure = { kind: "ratio", of: place, to: other("floor", place) } as const;
        return { text: `${algorithm}: ours over the primitive alone`, figure, atMost };
      }),
    ...peers,
  ];
});

const HITS = ours("cached", "ES256 zipf over 10000");
const NEVER_SEEN = ours("cached", "HS256 never seen");

const CACHED_TARGETS: readonly Target[] = [
  { text: "Zipf over 10,000 tokens, ours, µs", figure: { kind: "micros", of: HITS }, atMost: 2 },
  {
    text: "Zipf over 10,000 tokens: fast-jwt with 10,000 entries over ours",
    figure: { kind: "ratio", of: other("fast-jwt", HITS), to: HITS },
    atLeast: 4,
  },
  {
    text: "No token twice: what the memory adds, µs",
    figure: { kind: "difference", of: NEVER_SEEN, to: other("countersign (cache off)", NEVER_SEEN) },
    atMost: 1,
  },
];

const REFUSE_MICROS = {
  malformed: 2,
  "unknown kid": 5,
  expired: 9,
  "wrong audience": 9,
  oversize: 1,
} as const;

const REFUSE_TARGETS: readonly Target[] = [
  ...Object.entries(REFUSE_MICROS).map(([name, atMost]): Target => {
    return {
      text: `Refusal, ${name}, beyond the string, µs`,
      figure: { kind: "difference", of: ours("refuse", name), to: other("floor", ours("refuse", name)) },
      atMost,
    };
  }),
  {
    text: "Refusal, bad signature, over an acceptance",
    figure: { kind: "ratio", of: ours("refuse", "bad signature"), to: ours("refuse", "accepted") },
    atMost: 1,
  },
];

const FULL = "RS256 10000 tokens";
const decision = (subject: string, runtime: string): FigurePlace => {
  return { suite: "decision", case: FULL, subject, runtime };
};
const proxy = (subject: string, runtime: string): FigurePlace => {
  return { suite: "proxy", case: FULL, subject, runtime };
};

const SERVER_TARGETS: readonly Target[] = [
  {
    text: "Decision on Node over the bare server",
    figure: { kind: "ratio", of: decision("countersign", "node"), to: decision("floor", "node") },
    atMost: 1.25,
  },
  {
    text: "Decision on Node over HAProxy's jwt_verify",
    figure: { kind: "ratio", of: decision("countersign", "node"), to: decision("haproxy", "haproxy") },
    atMost: 1,
  },
  {
    text: "Decision on Bun over HAProxy's jwt_verify",
    figure: { kind: "ratio", of: decision("countersign", "bun"), to: decision("haproxy", "haproxy") },
    atMost: 0.5,
  },
  {
    text: "p99 with reloads and new keys, beyond that without, ms",
    figure: {
      kind: "p99 difference",
      of: ours("decision", "reloads and new keys"),
      to: ours("decision", "left alone"),
    },
    atMost: 5,
  },
  {
    text: "Proxy on Node over the bare proxy",
    figure: { kind: "ratio", of: proxy("countersign", "node"), to: proxy("floor", "node") },
    atMost: 1.15,
  },
  {
    text: "Proxy on Bun over the bare proxy",
    figure: { kind: "ratio", of: proxy("countersign", "bun"), to: proxy("floor", "bun") },
    atMost: 1.15,
  },
  {
    text: "Proxy on Bun over HAProxy with jwt_verify",
    figure: { kind: "ratio", of: proxy("countersign", "bun"), to: proxy("haproxy", "haproxy") },
    atMost: 1,
  },
];

const amongMillions = (found: string): FigurePlace => ours("revocation", `${found}, among 10 million`);

const REVOCATION_TARGETS: readonly Target[] = [
  {
    text: "Look-up of what is not revoked, among 10 million, µs",
    figure: { kind: "micros", of: amongMillions("not revoked") },
    atMost: 0.3,
  },
  {
    text: "Look-up of what is revoked, among 10 million, µs",
    figure: { kind: "micros", of: amongMillions("revoked") },
    atMost: 0.3,
  },
  {
    text: "A revocation in memory among 10 million, bytes",
    figure: { kind: "bytes", of: amongMillions("not revoked") },
    atMost: 32,
  },
];

const PRINCIPAL_TARGETS: readonly Target[] = [
  {
    text: "A principal of a preset, µs",
    figure: { kind: "micros", of: ours("principal", "a preset") },
    atMost: 2,
  },
];

const SCALE_TARGETS: readonly Target[] = [
  {
    text: "Two workers over one, requests",
    figure: { kind: "rate ratio", of: ours("scale", "workers 2"), to: ours("scale", "workers 1") },
    atLeast: 1.7,
  },
  {
    text: "Memory of an entry beyond its token, bytes",
    figure: { kind: "bytes", of: ours("memory", "entry beyond its token") },
    atMost: 1024,
  },
  {
    text: "Heap after a million validations over a tenth of them",
    figure: {
      kind: "bytes ratio",
      of: ours("memory", "heap after 1000000"),
      to: ours("memory", "heap, settled"),
    },
    atMost: 1.05,
  },
];

export const TARGETS: readonly Target[] = [
  ...VERIFY_TARGETS,
  ...CACHED_TARGETS,
  ...REFUSE_TARGETS,
  ...REVOCATION_TARGETS,
  ...PRINCIPAL_TARGETS,
  ...SERVER_TARGETS,
  ...SCALE_TARGETS,
];
