/** F3: the ways in which keys go wrong on their way from issuer to verifiers. */

import type { Harm } from "./harm.ts";
import { above, shows } from "./harm.ts";
import { REPLICA, type Scene } from "./scene.ts";
import { Stream } from "./stream.ts";

const FETCHES = "countersign_jwks_fetches_total";
const UNKNOWN = "countersign_unknown_kid_total";
/** RS256 stays as it is: the steady clients' tokens are of its key. ES256 is what goes wrong. */
const ALGORITHMS = ["RS256", "ES256"] as const;

async function signNew({ issuer }: Scene): Promise<string> {
  return issuer.sign({ exp: Math.floor(Date.now() / 1000) + 3600 }, { algorithm: "ES256" });
}

function pour(scene: Scene, token: string): readonly Stream[] {
  return scene.instances.map((instance) => {
    const stream = new Stream(instance, { token: () => token, pauseMs: 50 });
    scene.onStop(() => stream.stop());
    return stream;
  });
}

async function isAccepted({ instances }: Scene, token: string): Promise<boolean> {
  const answers = await Promise.all(instances.map((instance) => instance.decide(token)));
  return answers.every((status) => status === 200);
}

/** The issuer signs with a key that verifiers cannot find; it is healed by publishing it. */
function createUnpublished(
  parts: Pick<Harm, "id" | "title" | "healedBy">,
  rotate: (scene: Scene) => Promise<{ readonly publish: () => void }>,
): Harm {
  return {
    ...parts,
    alert: { name: "CountersignUnknownKid" },
    explained: ["CountersignCannotJudge", "CountersignValidationErrorBudgetBurn"],
    scene: { algorithms: ALGORITHMS },
    async begin(scene) {
      const { publish } = await rotate(scene);
      const token = await signNew(scene);
      const hurt = pour(scene, token);
      return {
        isSeen: () => shows(scene.instances, above(UNKNOWN)),
        heal: publish,
        isHealed: () => isAccepted(scene, token),
        hurt,
      };
    },
  };
}

const CUT_OVER = createUnpublished(
  {
    id: "F3-cut-over",
    title: "The issuer signs with a key that its published set does not have yet",
    healedBy: "the key is published; every instance fetches it by itself",
  },
  async ({ issuer }) => {
    const { server } = issuer;
    const before = issuer.jwks();
    server?.documents.set("/jwks", before);
    await issuer.rotate("ES256");
    return { publish: () => void server?.documents.set("/jwks", () => issuer.jwks()) };
  },
);

const REMOVED_EARLY = createUnpublished(
  {
    id: "F3-removed",
    title: "A key is taken out of the set while its tokens are in use",
    healedBy: "the key is published again; every instance fetches it by itself",
  },
  ({ issuer }) => {
    const { server } = issuer;
    const { keyId } = issuer.key("ES256");
    server?.documents.set("/jwks", { keys: issuer.jwks().keys.filter(({ kid }) => kid !== keyId) });
    return Promise.resolve({ publish: () => void server?.documents.set("/jwks", () => issuer.jwks()) });
  },
);

type Fault = NonNullable<ReturnType<NonNullable<Scene["issuer"]["server"]>["faults"]["get"]>>;

/** The key set cannot be had: what is held goes on, and nobody is refused. */
function createOutage(id: string, title: string, fault: Fault): Harm {
  return {
    id,
    title,
    alert: { name: "CountersignJwksFetchFailing" },
    explained: [
      "CountersignJwksStale",
      "CountersignJwksExpiring",
      "CountersignKeyFetchBudgetBurn",
      "CountersignKeyFetchHalfBudgetInADay",
    ],
    healedBy: "the key set is served again; every instance fetches it by itself",
    begin: ({ issuer, instances }) => {
      issuer.server?.faults.set("/jwks", fault);
      return Promise.resolve({
        isSeen: () =>
          shows(
            instances,
            new RegExp(`^${FETCHES}\\{[^}]*result="(?!success|not_modified)[^}]*\\} (?!0$)`, "m"),
          ),
        heal: () => void issuer.server?.faults.delete("/jwks"),
      });
    },
  };
}

const SPLIT: Harm = {
  id: "F3-split",
  title: "One replica of three serves an old key set",
  alert: { name: "CountersignJwksSplit" },
  // The way to the replica is a setting that the others do not have.
  explained: [
    "CountersignConfigurationSplit",
    "CountersignUnknownKid",
    "CountersignCannotJudge",
    "CountersignValidationErrorBudgetBurn",
  ],
  targetAlertMs: 10_000,
  healedBy: "the replica serves the new set; the instance behind it fetches it by itself",
  scene: {
    algorithms: ALGORITHMS,
    keysOf: (name, jwksUri) => (name === "chosen" ? { jwksUri: new URL(REPLICA, jwksUri).href } : {}),
  },
  async begin(scene) {
    const { issuer } = scene;
    const { server } = issuer;
    server?.documents.set(REPLICA, issuer.jwks());
    await issuer.rotate("ES256");
    const token = await signNew(scene);
    const hurt = pour(scene, token);
    return {
      isSeen: async () => {
        const found = await scene.monitoring.query(
          "count(count by (set_hash) (countersign_jwks_set_info)) > 1",
        );
        return found.size > 0;
      },
      heal: () => void server?.documents.set(REPLICA, () => issuer.jwks()),
      isHealed: () => isAccepted(scene, token),
      hurt,
    };
  },
};

export const KEY_HARMS: readonly Harm[] = [
  CUT_OVER,
  createOutage("F3-unavailable", "The key set is answered 503", { status: 503 }),
  createOutage("F3-silent", "The key set is never answered", { hang: true }),
  createOutage("F3-drip", "The key set comes one byte at a time", { byteEveryMs: 200 }),
  SPLIT,
  REMOVED_EARLY,
];
