/** The same requests through every front door, and the page that says what becomes of them. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { findFreePort } from "../kit/free-port.ts";
import { type Stack, startStack } from "../kit/start-stack.ts";
import type { Door } from "./describe-door.ts";
import { DOOR_KINDS } from "./door-kinds.ts";
import type { FrontTokens } from "./front-case.ts";
import { PAGE, readFrontDoors, renderFrontDoors } from "./front-door-page.ts";
import { FRONT_GROUPS } from "./front-groups.ts";
import { judgeFront } from "./judge-front.ts";
import { mintFrontTokens } from "./mint-front-tokens.ts";

const UPDATE = process.env["UPDATE_FRONT_DOORS"] === "1";
const FEWEST_CASES = 60;

const rows = FRONT_GROUPS.flatMap(({ cases }) => cases);
const page = UPDATE ? "" : readFileSync(PAGE, "utf8");
const documented = readFrontDoors(page);

describe("the same requests through every front door", () => {
  const outcomes = new Map<string, Map<string, string>>();
  let stack: Stack;
  let tokens: FrontTokens;

  before(async () => {
    const silentIssuer = `http://127.0.0.1:${await findFreePort()}`;
    stack = await startStack({ silentIssuer });
    assert.ok(stack.idp !== undefined);
    // The silent issuer never gets ready; of the other one the keys are there once a token was judged.
    await stack.sidecar.validator.ready().catch(() => {});
    tokens = await mintFrontTokens(stack.idp, silentIssuer);
  });
  after(async () => {
    await stack.close();
  });

  it("are as many as a table needs, each under a name of its own", () => {
    assert.ok(rows.length >= FEWEST_CASES);
    assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
  });

  for (const kind of DOOR_KINDS) {
    describe(kind.name, { skip: kind.skip }, () => {
      let door: Door;
      before(async () => {
        door = await kind.open(stack);
        outcomes.set(kind.column, new Map());
      });
      after(() => door.close());
      for (const { title, cases } of FRONT_GROUPS) {
        describe(title, () => {
          for (const row of cases) {
            it(row.name.replaceAll("\n", " "), async () => {
              const outcome = await judgeFront(row, { stack, url: door.url, tokens });
              outcomes.get(kind.column)?.set(row.name, outcome);
              if (!UPDATE) assert.equal(outcome, documented.get(kind.column)?.get(row.name));
            });
          }
        });
      }
    });
  }

  it("are on the page as they are here", () => {
    if (UPDATE) writeFileSync(PAGE, renderFrontDoors(outcomes));
    else assert.equal(page, renderFrontDoors(documented));
  });
});
