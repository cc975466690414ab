/** The same suite on Node and on Bun: `npm run runtimes -- bun` runs it there. */

import assert from "node:assert/strict";
import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { RUNS_ON_BUN } from "../../src/config/runtime.ts";
import type { Answer } from "../../src/decision/http-answer.ts";
import type { LimitedDoor } from "../../src/listeners/door.ts";
import type { Question } from "../../src/listeners/question.ts";
import { createQuestionDoor } from "../../src/listeners/question-door.ts";
import { openSocket } from "../kit/open-socket.ts";
import { headerOf, sendRaw, writeRequest } from "../kit/raw-request.ts";
import { waitFor } from "../kit/wait-for.ts";

const LIMITS = {
  maxHeaderBytes: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  silenceTimeoutMs: undefined,
  maxConnections: 64,
};
const OK: Answer = {
  status: 200,
  headers: [
    ["X-A", ""],
    ["X-B", "%C3%A9"],
  ],
  body: "ä",
};

interface OpenedDoor {
  readonly door: LimitedDoor;
  readonly bound: string;
  readonly asked: Question[];
}

async function open(
  answer: () => Answer | Promise<Answer> = () => OK,
  address: Parameters<typeof createQuestionDoor>[0]["address"] = { kind: "tcp", host: "127.0.0.1", port: 0 },
): Promise<OpenedDoor> {
  const asked: Question[] = [];
  const door = createQuestionDoor({
    name: "decision",
    address,
    limits: LIMITS,
    answer(question) {
      asked.push(question);
      return answer();
    },
  });
  return { door, bound: await door.open(), asked };
}

function valuesOf(question: Question | undefined, name: string): readonly string[] {
  const raw = question?.rawHeaders ?? [];
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
}

describe("a door for questions", () => {
  it("hands on method, target, headers and peer, and sends the whole answer", async () => {
    const { door, bound, asked } = await open();
    const answer = await sendRaw(
      bound,
      writeRequest("POST /a/b?c=%2F", ["Host: h", "X-C:  1 ", "X-D: \xe9", "X-E:"], ""),
    );
    assert.equal(answer.status, 200);
    assert.equal(Buffer.from(answer.body, "latin1").toString("utf8"), "ä");
    assert.deepEqual(headerOf(answer, "x-a"), [""]);
    assert.deepEqual(headerOf(answer, "x-b"), ["%C3%A9"]);
    assert.deepEqual(headerOf(answer, "content-length"), ["2"]);
    const [question] = asked;
    assert.deepEqual(
      [question?.method, question?.target, question?.peer],
      ["POST", "/a/b?c=%2F", "127.0.0.1"],
    );
    assert.deepEqual(
      ["x-c", "x-d", "x-e", "host"].map((name) => valuesOf(question, name)),
      [["1"], ["é"], [""], ["h"]],
    );
    await door.close(0);
  });

  it("says where it has edited a request: repeated fields joined, targets resolved", async () => {
    const { door, bound, asked } = await open();
    await sendRaw(bound, writeRequest("GET /a/../b", ["Host: h", "X-A: 1", "x-a:", "X-A: 2"]));
    const [question] = asked;
    if (question?.isEdited === true) {
      assert.deepEqual(valuesOf(question, "x-a"), ["1, , 2"]);
    } else {
      assert.deepEqual(valuesOf(question, "x-a"), ["1", "", "2"]);
      assert.equal(question?.target, "/a/../b");
    }
    assert.equal(question?.isEdited ?? false, RUNS_ON_BUN);
    await door.close(0);
  });

  it("sends HEAD no body, and takes no body for another request", async () => {
    const { door, bound, asked } = await open();
    const head = await sendRaw(bound, writeRequest("HEAD /", ["Host: h"]));
    assert.equal(head.body, "");
    const inner = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    await sendRaw(bound, writeRequest("POST /", ["Host: h", `Content-Length: ${inner.length}`], inner));
    assert.deepEqual(
      asked.map(({ target }) => target),
      ["/", "/"],
    );
    await door.close(0);
  });

  it("hands on nothing that two parsers could read in two ways", async () => {
    const { door, bound, asked } = await open();
    for (const text of [
      "GET / HTTP/1.1\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX-A : 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n 2\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\rX-B: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX-A: \0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n1",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      `GET / HTTP/1.1\r\nHost: h\r\nX-A: ${"a".repeat(20_000)}\r\n\r\n`,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]) {
      const { status } = await sendRaw(bound, text);
      assert.ok(status >= 400 && status < 600, `${status} for ${text.slice(0, 90)}`);
    }
    assert.deepEqual(asked, []);
    await door.close(0);
  });

  it("waits for an answer that takes time, and serves a connection's requests one after the other", async () => {
    const { door, bound, asked } = await open(
      () => new Promise((resolve) => void setTimeout(() => resolve(OK), 20)),
    );
    const client = openSocket(bound, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    await waitFor(() => client.text().split("HTTP/1.1 200").length === 2);
    client.socket.write("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    await waitFor(() => client.text().split("HTTP/1.1 200").length === 3);
    assert.deepEqual(
      asked.map(({ target }) => target),
      ["/1", "/2"],
    );
    client.socket.destroy();
    await door.close(0);
  });

  it("lets what is in flight finish when it closes, and tells each client to close its connection", async () => {
    let release: (answer: Answer) => void = () => undefined;
    const { door, bound, asked } = await open(
      () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    );
    const client = openSocket(bound, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await waitFor(() => asked.length === 1);
    const closed = door.close(5000);
    release(OK);
    await closed;
    await waitFor(() => client.isClosed());
    assert.match(client.text(), /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n/i);
    await door.close(5000);
  });

  it("cuts what does not finish in time", async () => {
    const { door, bound, asked } = await open(() => new Promise(() => undefined));
    const client = openSocket(bound, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await waitFor(() => asked.length === 1);
    await door.close(50);
    await waitFor(() => client.isClosed());
    assert.equal(client.text(), "");
  });

  it("listens on a Unix socket for the group, also where a dead process left one", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "countersign-")), "door.sock");
    const { door, bound, asked } = await open(() => OK, { kind: "unix", path });
    assert.equal(bound, `unix:${path}`);
    assert.equal(statSync(path).mode & 0o777, 0o660);
    assert.equal((await sendRaw(bound, writeRequest("GET /", ["Host: h"]))).status, 200);
    assert.equal(asked[0]?.peer, "unix");
    await door.close(0);
  });

  it("names the address that it cannot have", async () => {
    const { door, bound } = await open();
    const port = Number(bound.split(":").at(-1));
    await assert.rejects(
      open(() => OK, { kind: "tcp", host: "127.0.0.1", port }),
      /cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)/,
    );
    const path = join(mkdtempSync(join(tmpdir(), "countersign-")), "file");
    writeFileSync(path, "");
    await assert.rejects(
      open(() => OK, { kind: "unix", path }),
      /cannot listen on unix:/,
    );
    await door.close(0);
  });
});
