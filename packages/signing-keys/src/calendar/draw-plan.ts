/** A plan as a picture (SVG, nothing but shapes and text): a lane for each key, and a line where each step becomes safe. */

import { findActive, isPublished, type KeyLedger, type KeyRecord } from "../lifecycle/key-ledger.ts";
import type { PlannedStep, RotationPlan } from "./plan-rotation.ts";

const WIDTH = 1000;
const LEFT = 190;
const RIGHT = 30;
const LANE = 44;
const TOP = 70;
const STEP_LINE = 18;

const COLORS = { next: "#7aa6d8", active: "#2e7d4f", retiring: "#d9a441", none: "#c8c8c8" } as const;

interface Lane {
  readonly name: string;
  readonly bars: readonly Bar[];
}

interface Bar {
  readonly state: keyof typeof COLORS;
  readonly fromMs: number;
  readonly toMs: number;
}

export function drawPlan(ledger: KeyLedger, plan: RotationPlan): string {
  const lastMs = Math.max(...plan.steps.map(({ notBeforeMs }) => notBeforeMs), plan.nowMs + 1);
  const published = ledger.keys.filter(isPublished);
  const firstMs = Math.min(plan.nowMs, ...published.map((key) => key.publishedAtMs ?? plan.nowMs));
  const span = lastMs - firstMs;
  // What lies behind must not squeeze what is to come.
  const fromMs = Math.max(firstMs, plan.nowMs - Math.max(1, (lastMs - plan.nowMs) / 3));
  const toMs = lastMs + span * 0.04;
  const place = (ms: number): number => {
    return LEFT + ((Math.max(ms, fromMs) - fromMs) / (toMs - fromMs)) * (WIDTH - LEFT - RIGHT);
  };
  const lanes = listLanes(ledger, { plan, published, endMs: toMs });
  const listTop = TOP + lanes.length * LANE + 50;
  const height = listTop + (plan.steps.length + 2) * STEP_LINE + 20;
  const parts = [
    text(LEFT, 26, `Keys of ${plan.issuer}`, "font-weight='bold' font-size='16'"),
    text(LEFT, 46, `${describeBound(plan, "promote")}      ${describeBound(plan, "remove")}`, "fill='#444'"),
    ...lanes.flatMap((lane, index) => drawLane(lane, { y: TOP + index * LANE, place })),
    ...plan.steps.flatMap((step, index) =>
      drawStep(step, { x: place(step.notBeforeMs), number: index + 1, bottom: TOP + lanes.length * LANE }),
    ),
    line(place(plan.nowMs), TOP - 14, TOP + lanes.length * LANE, "stroke='#b00020' stroke-width='1.5'"),
    text(place(plan.nowMs) + 4, TOP - 6, "now", "fill='#b00020' font-size='11'"),
    ...plan.steps.map((step, index) => text(20, listTop + index * STEP_LINE, describeStep(step, index + 1))),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>Rotation of the keys of ${escapeXml(plan.issuer)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<g font-family="system-ui, sans-serif" font-size="12" fill="#1a1a1a">`,
    ...parts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

interface LaneQuery {
  readonly plan: RotationPlan;
  readonly published: readonly KeyRecord[];
  readonly endMs: number;
}

/** What each key has been and, by the plan, will be. */
function listLanes(ledger: KeyLedger, { plan, published, endMs }: LaneQuery): readonly Lane[] {
  const active = findActive(ledger);
  const promotion = plan.steps.find(({ action }) => action === "promote");
  const lanes = published.map((key): Lane => {
    const { keyId, publishedAtMs = plan.nowMs } = key;
    const removal = plan.steps.find((step) => step.action === "remove" && step.keyId === keyId);
    const signsFrom =
      key.activatedAtMs ?? (promotion?.keyId === keyId ? promotion.notBeforeMs : undefined) ?? endMs;
    const signsUntil =
      key.retiredAtMs ??
      (keyId === active?.keyId && promotion !== undefined ? promotion.notBeforeMs : undefined) ??
      endMs;
    const bars: readonly Bar[] = [
      { state: "next", fromMs: publishedAtMs, toMs: signsFrom },
      { state: "active", fromMs: signsFrom, toMs: signsUntil },
      { state: "retiring", fromMs: signsUntil, toMs: removal?.notBeforeMs ?? endMs },
    ];
    return { name: keyId.slice(0, 16), bars };
  });
  const made = plan.steps.filter(({ action }) => action === "publish");
  return [
    ...lanes,
    ...made.map((step, index): Lane => {
      const name = made.length === 1 ? "a new key" : `new key ${index + 1}`;
      return { name, bars: [{ state: "next", fromMs: step.notBeforeMs, toMs: endMs }] };
    }),
  ];
}

function drawLane(
  { name, bars }: Lane,
  { y, place }: { readonly y: number; readonly place: (ms: number) => number },
): readonly string[] {
  const drawn = bars.flatMap(({ state, fromMs, toMs }) => {
    const [x, width] = [place(fromMs), place(toMs) - place(fromMs)];
    if (width <= 0.5) return [];
    const bar = `<rect x="${round(x)}" y="${y + 6}" width="${round(width)}" height="${LANE - 18}" rx="3" fill="${COLORS[state]}"/>`;
    return width < 60 ? [bar] : [bar, text(x + 8, y + 24, state, "fill='#fff' font-weight='bold'")];
  });
  return [text(20, y + 24, name, "font-family='monospace'"), ...drawn];
}

interface StepPlace {
  readonly x: number;
  readonly number: number;
  readonly bottom: number;
}

function drawStep({ action }: PlannedStep, { x, number, bottom }: StepPlace): readonly string[] {
  return [
    line(x, TOP, bottom + 6, "stroke='#555' stroke-dasharray='3 3'"),
    text(x, bottom + 20, `${number}`, `text-anchor='middle' font-weight='bold' data-action='${action}'`),
  ];
}

function describeBound({ bounds }: RotationPlan, which: "promote" | "remove"): string {
  const { symbol, formula, ms } = bounds[which];
  return `${symbol} = ${formula} = ${ms / 1000} s`;
}

function describeStep({ action, keyId, notBeforeMs, reason }: PlannedStep, number: number): string {
  const when = new Date(notBeforeMs).toISOString().replace(".000Z", "Z");
  return `${number}. ${when}  ${action} ${keyId?.slice(0, 16) ?? "a new key"}: ${reason}`;
}

function line(x: number, fromY: number, toY: number, attributes: string): string {
  return `<line x1="${round(x)}" x2="${round(x)}" y1="${fromY}" y2="${toY}" ${attributes}/>`;
}

function text(x: number, y: number, content: string, attributes: string = ""): string {
  return `<text x="${round(x)}" y="${y}" ${attributes}>${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
