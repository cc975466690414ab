/** What a function is uploaded with: the whole authorizer, its validator included. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { measureBundle } from "../../tools/measure-bundle.ts";

const AUTHORIZER =
  'export { createValidator } from "countersign"; export { createAuthorizer } from "countersign/lambda";';

/** Functions are uploaded compressed. */
const MOST_COMPRESSED_BYTES = 100_000;
/** What was reached, minified: raise it only for what is worth it. */
const MOST_BYTES = 139_000;

test(`an authorizer for Lambda is uploaded with less than ${MOST_COMPRESSED_BYTES} bytes`, async () => {
  const { bytes, gzipBytes, floors } = await measureBundle("node", AUTHORIZER);
  assert.ok(gzipBytes < MOST_COMPRESSED_BYTES, `${gzipBytes} bytes`);
  assert.ok(bytes <= MOST_BYTES, `${bytes} bytes minified`);
  for (const floor of ["validator", "policy", "http", "middleware", "edge"])
    assert.ok((floors.get(floor) ?? 0) > 0, floor);
  for (const absent of ["sharing", "testing"]) assert.equal(floors.get(absent) ?? 0, 0, absent);
});
