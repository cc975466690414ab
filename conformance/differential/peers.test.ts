import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { type ComparedCase, compareCorpus } from "./compare.ts";
import { PAGE_FILE } from "./page-file.ts";
import { PEER_NAMES } from "./peers.ts";
import { PAGE_NODE_MAJOR, writePage } from "./write-page.ts";

let compared: readonly ComparedCase[] = [];

before(async () => {
  compared = await compareCorpus();
});

test("every token of the corpus gets the reason that is stated for it", () => {
  for (const { name, found, expected } of compared) assert.equal(found, expected, name);
  assert.ok(compared.length >= 110, `${compared.length} tokens`);
  assert.equal(new Set(compared.map(({ name }) => name)).size, compared.length, "two tokens of one name");
});

test("whatever all peers refuse, we refuse", () => {
  const ours = compared.filter(({ acceptedBy }) => acceptedBy.length === 0);
  assert.ok(ours.length >= 40, `${ours.length} tokens`);
  for (const { name, found } of ours) assert.notEqual(found, "ok", name);
});

test("every peer accepts the plain good tokens: the comparison configures them rightly", () => {
  for (const name of ["RS256", "ES256"]) {
    const control = compared.find((entry) => entry.group === "Controls" && entry.name === name);
    assert.deepEqual(control?.acceptedBy, [...PEER_NAMES]);
  }
});

test("every refusal that some peer does not share has its reason on the page", () => {
  for (const { name, why, acceptedBy, expected } of compared) {
    if (expected !== "ok" && acceptedBy.length > 0) assert.ok(why.length > 20, name);
  }
});

const major = Number(process.versions.node.split(".")[0]);
const skip =
  major === PAGE_NODE_MAJOR ? false : `the page is measured on Node ${PAGE_NODE_MAJOR}, this is ${major}`;

test("the page of what is stricter than peers is current; else `npm run write-page -w conformance`", {
  skip,
}, () => {
  assert.equal(readFileSync(PAGE_FILE, "utf8"), writePage(compared));
});
