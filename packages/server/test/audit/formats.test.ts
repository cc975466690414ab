import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AUDIT_EVENTS,
  AUDIT_FIELD_NAMES,
  type AuditEvent,
  type AuditEventName,
} from "../../src/audit/audit-event.ts";
import { formatCef } from "../../src/audit/formats/format-cef.ts";
import { formatEvent } from "../../src/audit/formats/format-event.ts";
import { toEcs } from "../../src/audit/formats/to-ecs.ts";
import { toOcsf } from "../../src/audit/formats/to-ocsf.ts";
import { createEvent } from "./kit.ts";

const NAMES = Object.keys(AUDIT_EVENTS) as AuditEventName[];

/** With a value in every field. */
function createFull(event: AuditEventName): AuditEvent {
  return createEvent(1, {
    event,
    worker: 2,
    stage: "claims",
    expected: "an audience",
    issuer: "main",
    algorithm: "ES256",
    keyId: "k1",
    keyAgeSeconds: 7,
    subject: "0123456789abcdef",
    subjectKind: "user",
    client: "1123456789abcdef",
    token: "2123456789abcdef",
    tokenId: "3123456789abcdef",
    expiresAt: "2027-01-15T09:00:00.000Z",
    door: "nginx",
    method: "GET",
    route: "/orders/**",
    status: 401,
    durationMs: 0.125,
    configuration: "aaaaaaaaaaaaaaaa",
    place: "issuers[0].audiences",
    detail: "in words",
    weakness: "opt_out",
    accepted: false,
    revocation: "r-1",
    targetKind: "subject",
    target: "4123456789abcdef",
    actor: "operator",
    count: 3,
    since: "2027-01-15T07:59:50.000Z",
    output: "file",
  });
}

test("the full event of the tests has every field of the table", () => {
  const full = createFull("token.rejected");
  for (const name of AUDIT_FIELD_NAMES) assert.ok(full[name] !== undefined, name);
});

test("OCSF: every event has what its class requires, and its type follows from class and activity", () => {
  for (const name of NAMES) {
    for (const event of [createFull(name), createEvent(1, { event: name })]) {
      const mapped = toOcsf(event);
      for (const required of [
        "activity_id",
        "category_uid",
        "class_uid",
        "metadata",
        "severity_id",
        "time",
        "type_uid",
        "status_id",
      ])
        assert.ok(mapped[required] !== undefined, `${name}: ${required}`);
      assert.equal(mapped["type_uid"], Number(mapped["class_uid"]) * 100 + Number(mapped["activity_id"]));
      assert.equal(Math.floor(Number(mapped["class_uid"]) / 1000), mapped["category_uid"]);
      assert.equal(mapped["time"], Date.parse(event.time));
      const classes: Readonly<Record<number, readonly string[]>> = {
        3002: ["user", "service", "auth_protocol_id"],
        3004: ["entity"],
        2004: ["finding_info"],
        6002: ["app"],
      };
      for (const required of classes[Number(mapped["class_uid"])] ?? ["none"])
        assert.ok(mapped[required] !== undefined, `${name}: ${required}`);
    }
  }
});

test("OCSF: a refusal is a failed authentication that was denied, with the reason's disposition", () => {
  const mapped = toOcsf(createFull("token.rejected"));
  assert.deepEqual(
    [
      "class_uid",
      "activity_id",
      "activity_name",
      "status_id",
      "status_code",
      "action_id",
      "disposition_id",
    ].map((key) => mapped[key]),
    [3002, 99, "Token Validation", 2, "token_expired", 2, 26],
  );
  const accepted = toOcsf(createEvent(1, { event: "token.accepted", outcome: "success", reason: "ok" }));
  assert.deepEqual([accepted["status_id"], accepted["action_id"], accepted["disposition_id"]], [1, 1, 1]);
});

test("ECS: categories and types are those that the schema allows together, durations are nanoseconds", () => {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    authentication: ["start", "end", "info"],
    iam: ["admin", "change", "creation", "deletion", "group", "info", "user"],
    configuration: ["access", "change", "creation", "deletion", "info"],
    process: ["access", "change", "end", "info", "start"],
  };
  for (const name of NAMES) {
    const mapped = toEcs(createFull(name));
    const [category = ""] = mapped["event.category"] as readonly string[];
    for (const type of mapped["event.type"] as readonly string[])
      assert.ok(allowed[category]?.includes(type), `${name}: ${category} ${type}`);
    assert.ok(["event", "alert", "metric"].includes(String(mapped["event.kind"])));
  }
  const mapped = toEcs(createFull("token.rejected"));
  assert.deepEqual(
    ["@timestamp", "event.outcome", "event.reason", "user.hash", "url.path", "event.duration"].map(
      (key) => mapped[key],
    ),
    ["2027-01-15T08:00:00.001Z", "failure", "token_expired", "0123456789abcdef", "/orders/1", 125_000],
  );
  assert.equal((mapped["labels"] as Record<string, string>)["countersign_key_id"], "k1");
});

test("CEF: what has a meaning in the format is escaped, and each event is one line", () => {
  const hostile = createEvent(1, { expected: "a=b\\c\nd|e", issuer: "pi|pe\\" });
  const line = formatCef(hostile);
  assert.ok(!line.includes("\n"));
  assert.match(line, /countersignExpected=a\\=b\\\\c\\nd\|e/);
  assert.match(
    line,
    /^CEF:0\|Countersign\|Countersign\|0\|token\.rejected\|token\.rejected, token_expired, issuer pi\\\|pe\\\\\|3\|rt=1800000000001 /,
  );
});

test("every format gives one line for every event, also where its texts would break one", () => {
  for (const name of NAMES) {
    const event = { ...createFull(name), detail: 'a\r\nb\u{2028}c\u{1b}[31m"' };
    for (const format of ["native", "ocsf", "ecs", "cef"] as const) {
      assert.equal(formatEvent(event, format).split(/[\r\n]/).length, 1, `${name} ${format}`);
    }
  }
});
