import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type ServiceError, status } from "@grpc/grpc-js";
import { createTestIssuer } from "countersign/testing";

import { MAX_HEADER_FIELDS } from "../../src/decision/http-answer.ts";
import { MAX_WATCHERS } from "../../src/listeners/grpc-health.ts";
import { MAX_CHECK_BYTES } from "../../src/listeners/grpc-message.ts";
import {
  CHECK,
  createCaller,
  type GrpcCaller,
  HEALTH_CHECK,
  HEALTH_LIST,
  HEALTH_WATCH,
} from "../kit/grpc-client.ts";
import { type OpenGrpcDoor, openGrpcDoor } from "../kit/open-grpc-door.ts";
import {
  type CheckToEncode,
  decodeWire,
  encodeCheck,
  encodeField,
  listMessages,
  numberOf,
  textOf,
} from "../kit/protobuf.ts";
import { startSidecar } from "../kit/start-sidecar.ts";

const REST = `
realm: api
routes:
  - { path: /public/**, allow: anonymous }
  - { path: /orders/**, allow: authenticated, scopes: [orders] }
  - { path: /**, allow: authenticated }
`;
const LISTENERS = 'decision: "off", extAuthz: "127.0.0.1:0", admin: "127.0.0.1:0"';

const issuer = await createTestIssuer();
const unreachable = {
  issuer: "https://down.test/",
  audiences: ["a"],
  keys: { jwksUri: "http://127.0.0.1:1/jwks", insecureLoopbackHttp: true },
};
const issuers = [issuer.validatorOptions(), unreachable];
const sidecar = await startSidecar({ issuers, rest: REST, listeners: LISTENERS });
const caller = createCaller(sidecar.addresses.extAuthz ?? "");
after(async () => {
  caller.close();
  await sidecar.close();
});

interface Answer {
  readonly code: number;
  /** HTTP status of a refusal; undefined where the request is let in. */
  readonly status: number | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly remove: readonly string[];
  readonly body: string | undefined;
  readonly metadata: readonly (string | undefined)[];
}

async function ask(check: CheckToEncode, by: GrpcCaller = caller): Promise<Answer> {
  const response = decodeWire(await by.call(CHECK, encodeCheck(check)));
  const [denied] = listMessages(response, 2);
  const [ok] = listMessages(response, 3);
  assert.equal(denied === undefined, ok !== undefined, "one of the two");
  const headers = listMessages(response, denied === undefined ? 3 : 2, 2, 1).map(
    (header) => [textOf(header, 1) ?? "", textOf(header, 2) ?? ""] as const,
  );
  return {
    code: numberOf(listMessages(response, 1)[0], 1),
    status: denied && numberOf(listMessages(denied, 1)[0], 1),
    headers,
    remove: (ok?.get(5) ?? []).map((name) => Buffer.from(name as Uint8Array).toString()),
    body: textOf(denied, 3),
    metadata: listMessages(response, 4, 1).map((entry) => textOf(entry, 1)),
  };
}

function bearer(token: string): readonly [string, string] {
  return ["authorization", `Bearer ${token}`];
}

describe("ext_authz over gRPC", () => {
  for (const form of ["headers", "rawHeaders"] as const) {
    it(`lets a good token in and says who it is, from ${form}`, async () => {
      const token = await issuer.sign();
      const answer = await ask({ path: "/x?y=1", [form]: [bearer(token), ["cookie", "a=1"]] });
      assert.deepEqual([answer.code, answer.status], [0, undefined]);
      assert.deepEqual(new Map(answer.headers).get("x-auth-subject"), "user-1");
      assert.ok(answer.remove.includes("authorization"));
      for (const name of ["authenticated", "kind", "issuer", "subject", "scopes", "roles", "expires_at"]) {
        assert.ok(answer.metadata.includes(name), name);
      }
    });
  }

  it("sets no header that it also removes, and removes every spelling and what nobody is", async () => {
    const spellings = ["x_auth_subject", "x-auth.roles", "x~auth~subject", "x-auth-tenant", "x-auth-subject"];
    for (const [path, spelling] of spellings.flatMap((name) => [
      ["/x", name] as const,
      ["/public/x", name] as const,
    ])) {
      const rawHeaders = [bearer(await issuer.sign()), [spelling, "root"] as const];
      const { headers: set, remove } = await ask({ path, rawHeaders });
      const names = set.map(([name]) => name);
      assert.deepEqual(
        names.filter((name) => remove.includes(name)),
        [],
      );
      assert.ok(names.includes(spelling) || remove.includes(spelling), `${path} ${spelling}`);
      assert.ok(set.every(([, value]) => value !== "" && value !== "root"));
      for (const suffix of ["subject", "issuer", "client", "scopes", "roles"]) {
        const name = `x-auth-${suffix}`;
        assert.ok(names.includes(name) || remove.includes(name), name);
      }
    }
  });

  it("leaves what Envoy itself says of the request", async () => {
    const { remove } = await ask({ path: "/public/x", rawHeaders: [["x-forwarded-proto", "https"]] });
    assert.ok(!remove.includes("x-forwarded-proto"));
  });

  it("refuses with status, challenge and problem details", async () => {
    const expired = await ask({ rawHeaders: [bearer(await issuer.tokens.expired())] });
    assert.deepEqual([expired.code, expired.status], [16, 401]);
    assert.match(
      new Map(expired.headers).get("WWW-Authenticate") ?? "",
      /^Bearer realm="api", error="invalid_token"/,
    );
    assert.equal((JSON.parse(expired.body ?? "") as { code: string }).code, "token_expired");
    assert.deepEqual([(await ask({})).code, (await ask({})).status], [16, 401]);
    const scope = await ask({ path: "/orders/1", rawHeaders: [bearer(await issuer.sign())] });
    assert.deepEqual([scope.code, scope.status], [7, 403]);
    const ambiguous = await ask({ path: "/public/../x" });
    assert.deepEqual([ambiguous.code, ambiguous.status], [3, 400]);
  });

  it("answers 503 with Retry-After where keys cannot be had, as a refusal and not as an error of the call", async () => {
    const other = await createTestIssuer({ issuer: unreachable.issuer, audience: "a" });
    const answer = await ask({ rawHeaders: [bearer(await other.sign())] });
    assert.deepEqual([answer.code, answer.status], [14, 503]);
    assert.match(new Map(answer.headers).get("Retry-After") ?? "", /^\d+$/);
  });

  it("splits path and query itself, and is not misled by what looks like either", async () => {
    assert.equal((await ask({ path: "/public/x?/../../x" })).code, 0);
    assert.equal((await ask({ path: "/x?/public/x" })).status, 401);
    assert.equal((await ask({ path: "/public/x%3f/../x" })).status, 400);
    for (const path of ["", "*", "public/x", "http://api.test/public/x", "/public/x#y"]) {
      assert.equal((await ask({ path })).status, 400, path);
    }
  });

  it("refuses credentials that were sent twice, in both forms, and hosts that Envoy has joined", async () => {
    const token = await issuer.sign();
    const twice = [bearer(token), bearer(token)];
    assert.equal((await ask({ rawHeaders: twice })).status, 400);
    assert.equal(
      (await ask({ headers: [["authorization", `Bearer ${token},Bearer ${token}`]] })).status,
      400,
    );
    assert.equal((await ask({ path: "/public/x", host: "api.test,other.test" })).status, 400);
  });

  it("refuses a Connection header that would take an identity header away", async () => {
    const rawHeaders = [bearer(await issuer.sign()), ["connection", "Upgrade, X-Auth-Subject"] as const];
    assert.equal((await ask({ rawHeaders })).status, 400);
  });

  it("refuses what describes no request, without method or scheme, or two ways", async () => {
    for (const check of [{ method: "" }, { scheme: "" }]) {
      assert.equal((await ask({ path: "/public/x", ...check })).status, 403);
    }
    for (const message of [Buffer.alloc(0), encodeField(1, "")]) {
      const response = decodeWire(await caller.call(CHECK, message));
      assert.equal(numberOf(listMessages(response, 1)[0], 1), 7, "an empty answer would let in");
    }
    const both = { headers: [["a", "b"]] as const, rawHeaders: [["a", "b"]] as const };
    assert.equal((await ask({ path: "/public/x", ...both })).status, 400);
    assert.equal((await ask({ path: "/public/x", scheme: "ftp" })).status, 400);
  });

  it("answers bytes that are no message with INVALID_ARGUMENT, and goes on", async () => {
    await assert.rejects(caller.call(CHECK, Buffer.from([0xff, 0xff, 0xff])), {
      code: status.INVALID_ARGUMENT,
    });
    assert.equal((await ask({ path: "/public/x" })).code, 0);
  });

  it("bounds fields and messages", async () => {
    const many = Array.from({ length: MAX_HEADER_FIELDS + 1 }, () => ["a", "b"] as const);
    const answer = await ask({ path: "/public/x", rawHeaders: many });
    assert.deepEqual([answer.code, answer.status], [7, 431]);
    const long = [["a", "b".repeat(MAX_CHECK_BYTES)]] as const;
    await assert.rejects(ask({ path: "/public/x", rawHeaders: long }), { code: status.RESOURCE_EXHAUSTED });
  });

  it("says that it reads no compressed messages, and which encoding it does read", async () => {
    const gzip = createCaller(sidecar.addresses.extAuthz ?? "", { "grpc.default_compression_algorithm": 2 });
    await assert.rejects(ask({ path: "/public/x" }, gzip), (error: ServiceError) => {
      assert.equal(error.code, status.UNIMPLEMENTED);
      assert.deepEqual(error.metadata.get("grpc-accept-encoding"), ["identity"]);
      return true;
    });
    gzip.close();
  });

  it("believes trusted peers only", async () => {
    const rest = `${REST}trustedProxies: [192.0.2.1]`;
    const strict = await startSidecar({ issuers, rest, listeners: LISTENERS });
    const stranger = createCaller(strict.addresses.extAuthz ?? "");
    try {
      assert.deepEqual([(await ask({ path: "/public/x" }, stranger)).status], [403]);
      assert.equal(strict.log.filter(({ message }) => message.includes("trustedProxies")).length, 1);
      // Not even read.
      const response = decodeWire(await stranger.call(CHECK, Buffer.from([0xff])));
      assert.equal(numberOf(listMessages(response, 1)[0], 1), 7);
    } finally {
      stranger.close();
      await strict.close();
    }
  });

  it("tells each decision once", async () => {
    const before = sidecar.events.length;
    await ask({ path: "/x?secret=1" });
    const [event, ...others] = sidecar.events.slice(before);
    assert.equal(others.length, 0);
    assert.deepEqual(
      [event?.door, event?.path, event?.status, event?.reason],
      ["envoy-grpc", "/x", 401, "missing_token"],
    );
  });

  it("listens on a Unix socket", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "countersign-")), "authz.sock");
    const listeners = `decision: "off", extAuthz: "unix:${path}", admin: "127.0.0.1:0"`;
    const local = await startSidecar({ issuers, rest: REST, listeners });
    const client = createCaller(local.addresses.extAuthz ?? "");
    try {
      assert.equal(local.addresses.extAuthz, `unix:${path}`);
      assert.equal((await ask({ path: "/public/x" }, client)).code, 0);
    } finally {
      client.close();
      await local.close();
    }
  });
});

const SERVING = Buffer.from([8, 1]);
const NOT_SERVING = Buffer.from([8, 2]);
const SERVICE_UNKNOWN = Buffer.from([8, 3]);

/** A promise that the test resolves. */
function createGate<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: (value) => resolve(value) };
}

async function openDoor(
  setup: Parameters<typeof openGrpcDoor>[0] = {},
): Promise<OpenGrpcDoor & { readonly client: GrpcCaller }> {
  const open = await openGrpcDoor(setup);
  return { ...open, client: createCaller(open.address) };
}

describe("gRPC health checks", () => {
  it("tell whether the server, and the service Authorization, serve; and of no other service", async () => {
    let isServing = true;
    const { door, client } = await openDoor({ isServing: () => isServing });
    for (const service of ["", "envoy.service.auth.v3.Authorization"]) {
      isServing = true;
      assert.deepEqual(await client.call(HEALTH_CHECK, encodeField(1, service)), SERVING);
      isServing = false;
      assert.deepEqual(await client.call(HEALTH_CHECK, encodeField(1, service)), NOT_SERVING);
    }
    await assert.rejects(client.call(HEALTH_CHECK, encodeField(1, "other")), { code: status.NOT_FOUND });
    await assert.rejects(client.call(HEALTH_CHECK, Buffer.from([0xff])), { code: status.INVALID_ARGUMENT });
    client.close();
    await door.close(1000);
  });

  it("list the services with their status", async () => {
    const { door, client } = await openDoor({ isServing: () => false });
    const listed = decodeWire(await client.call(HEALTH_LIST, Buffer.alloc(0)));
    const statuses = listMessages(listed).flatMap((list) => listMessages(list, 1));
    const told = statuses.map((entry) => [textOf(entry, 1), numberOf(listMessages(entry, 2)[0], 1)]);
    assert.deepEqual(told, [
      ["", 2],
      ["envoy.service.auth.v3.Authorization", 2],
    ]);
    client.close();
    await door.close(1000);
  });

  it("watch it change, and end when the door closes", async () => {
    let isServing = false;
    const { door, client } = await openDoor({ isServing: () => isServing });
    const told: Buffer[] = [];
    let closed: Promise<void> | undefined;
    const unknown = client.watch(HEALTH_WATCH, encodeField(1, "other"))[Symbol.asyncIterator]();
    assert.deepEqual((await unknown.next()).value, SERVICE_UNKNOWN);
    for await (const message of client.watch(HEALTH_WATCH, Buffer.alloc(0))) {
      told.push(message);
      if (told.length === 1) isServing = true;
      if (told.length === 2) closed = door.close(5000);
    }
    assert.deepEqual(told, [NOT_SERVING, SERVING, NOT_SERVING]);
    assert.equal((await unknown.next()).done, true);
    client.close();
    await closed;
  });

  it("refuse more watchers than are bounded", async () => {
    const { door, client } = await openDoor({});
    const watchers = Array.from({ length: MAX_WATCHERS }, () =>
      client.watch(HEALTH_WATCH, Buffer.alloc(0))[Symbol.asyncIterator](),
    );
    await Promise.all(watchers.map((watcher) => watcher.next()));
    const more = client.watch(HEALTH_WATCH, Buffer.alloc(0))[Symbol.asyncIterator]();
    await assert.rejects(more.next(), { code: status.RESOURCE_EXHAUSTED });
    await Promise.all([door.close(5000), ...watchers.map((watcher) => watcher.next())]);
    client.close();
  });
});

describe("the gRPC door", () => {
  it("answers what is in flight before it closes, and takes nothing new", async () => {
    const gate = createGate<Uint8Array>();
    const arrived = createGate<void>();
    const { door, client } = await openDoor({
      check: () => {
        arrived.resolve();
        return gate.promise;
      },
    });
    const answer = client.call(CHECK, Buffer.alloc(0));
    await arrived.promise;
    const closed = door.close(5000);
    const late = client.call(CHECK, Buffer.alloc(0), { deadline: Date.now() + 300 });
    await assert.rejects(late, (error: { code: number }) =>
      [status.UNAVAILABLE, status.DEADLINE_EXCEEDED].includes(error.code),
    );
    gate.resolve(Buffer.from("answer"));
    assert.equal((await answer).toString(), "answer");
    await closed;
    client.close();
  });

  it("cuts what is left after its time", async () => {
    const arrived = createGate<void>();
    const { door, client } = await openDoor({
      check: () => {
        arrived.resolve();
        return new Promise(() => {});
      },
    });
    const answer = client.call(CHECK, Buffer.alloc(0));
    await arrived.promise;
    await Promise.all([assert.rejects(answer), door.close(20)]);
    client.close();
  });

  it("ends a call at its deadline, however long the decision takes", async () => {
    const gate = createGate<Uint8Array>();
    const { door, client } = await openDoor({ check: () => gate.promise });
    const call = client.call(CHECK, Buffer.alloc(0), { deadline: Date.now() + 50 });
    await assert.rejects(call, { code: status.DEADLINE_EXCEEDED });
    gate.resolve(Buffer.from("late"));
    client.close();
    await door.close(1000);
  });

  it("answers UNAVAILABLE where a handler has a defect, and says so in the log", async () => {
    const { door, client, log } = await openDoor({ check: () => Promise.reject(new Error("defect")) });
    await assert.rejects(client.call(CHECK, Buffer.alloc(0)), (error: { code: number; details: string }) => {
      assert.equal(error.code, status.UNAVAILABLE);
      assert.doesNotMatch(error.details, /defect/);
      return true;
    });
    assert.equal(log.length, 1);
    client.close();
    await door.close(1000);
  });
});
