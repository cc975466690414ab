import assert from "node:assert/strict";
import { it } from "node:test";
import { listReadings, readPlainly } from "../../conformance/casebook/path-readings.ts";

it("counts with every way in which some server reads a path", () => {
  for (const target of [
    "/orders/1?a",
    "//orders/1",
    "/public/../orders/1",
    "/public/%2e%2e/orders/1",
    "/public/%252e%252e/orders/1",
    "/public/..%2forders/1",
    "/public%5C..%5Corders/1",
    "/public\\..\\orders/1",
    "/public/..;a=b/orders/1",
    "/orders/1#/public",
    "/orders/1%23/public",
    "/%6frders/1",
    "/public/./..//orders/1",
  ])
    assert.ok(
      [...listReadings(target)].some((path) => path.startsWith("/orders/1")),
      target,
    );
});

it("does not take a query for a part of the path", () => {
  for (const target of ["/public/x?/../../orders/1", "/public/x?y=/orders/1", "/public/?/orders/1"])
    assert.ok(![...listReadings(target)].some((path) => path.startsWith("/orders")), target);
  assert.equal(readPlainly("/a%20b/%C3?x=%2F"), "/a b/\u00c3");
});
