import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { findProgram, skipWithout } from "./find-program.ts";

describe("tests that need a program", () => {
  const before = process.env["CI"];
  afterEach(() => {
    if (before === undefined) delete process.env["CI"];
    else process.env["CI"] = before;
  });

  it("run where it is installed", () => {
    assert.ok(findProgram("sh")?.startsWith("/"));
    assert.equal(skipWithout("sh"), false);
  });

  it("are skipped with a reason where it is missing, and fail in CI", () => {
    delete process.env["CI"];
    assert.equal(skipWithout("no-such-program"), "no-such-program is not installed");
    process.env["CI"] = "true";
    assert.throws(() => skipWithout("no-such-program"), /CI must install it/);
  });
});
