import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { FaultProxy } from "../../src/gameday/faults/fault-proxy.ts";

const LONGEST_MS = 20_000;
/** Timers of Node may be early by a millisecond. */
const EARLY_MS = 2;

let echo: Server;
let target: number;

before(async () => {
  echo = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(echo, "listening");
  target = (echo.address() as AddressInfo).port;
});

after(() => {
  echo.close();
});

interface Client {
  readonly socket: Socket;
  text: string;
  pieces: number;
  failure: string | undefined;
  hasEnded: boolean;
  isClosed: boolean;
}

async function withProxy(use: (proxy: FaultProxy) => Promise<void>, random = () => 0.5): Promise<void> {
  const proxy = await FaultProxy.start({ targetPort: target, random });
  try {
    await use(proxy);
  } finally {
    await proxy.stop();
  }
}

async function open(proxy: FaultProxy): Promise<Client> {
  const socket = connect(proxy.port, "127.0.0.1");
  const client: Client = {
    socket,
    text: "",
    pieces: 0,
    failure: undefined,
    hasEnded: false,
    isClosed: false,
  };
  socket.setEncoding("latin1").on("data", (text: string) => {
    client.text += text;
    client.pieces += 1;
  });
  socket.once("end", () => {
    client.hasEnded = true;
  });
  socket.once("close", () => {
    client.isClosed = true;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    client.failure = error.code;
  });
  await once(socket, "connect");
  return client;
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  while (!isSo()) {
    assert.ok(performance.now() < deadline, "it did not happen in time");
    await pause(5);
  }
}

describe("the fault proxy", () => {
  it("passes everything on unchanged, both ways, and the end too", async () => {
    await withProxy(async (proxy) => {
      const client = await open(proxy);
      const sent = "x".repeat(1_000_000);
      client.socket.end(sent);
      await until(() => client.isClosed);
      assert.equal(client.text, sent);
      assert.equal(client.hasEnded, true);
      await until(() => proxy.connections === 0);
    });
  });

  it("delays by latency, and not what has waited already", async () => {
    await withProxy(async (proxy) => {
      proxy.add("slow", { type: "latency", latencyMs: 120, jitterMs: 40 });
      const client = await open(proxy);
      const startedMs = performance.now();
      client.socket.write("one");
      await until(() => client.text === "one");
      assert.ok(performance.now() - startedMs >= 120 - EARLY_MS);
    });
  });

  it("varies latency by its jitter", async () => {
    await withProxy(
      async (proxy) => {
        proxy.add("slow", { type: "latency", latencyMs: 60, jitterMs: 50 });
        const client = await open(proxy);
        const startedMs = performance.now();
        client.socket.write("one");
        await until(() => client.text === "one");
        assert.ok(performance.now() - startedMs >= 109 - EARLY_MS);
      },
      () => 0.999,
    );
  });

  it("holds to a bandwidth", async () => {
    await withProxy(async (proxy) => {
      proxy.add("narrow", { type: "bandwidth", bytesPerSecond: 10_000, stream: "upstream" });
      const client = await open(proxy);
      const startedMs = performance.now();
      client.socket.write("x".repeat(2000));
      await until(() => client.text.length === 2000);
      assert.ok(performance.now() - startedMs >= 200 - EARLY_MS);
    });
  });

  it("slices into small pieces and loses none", async () => {
    await withProxy(async (proxy) => {
      proxy.add("slices", { type: "slicer", averageBytes: 10, delayMs: 2 });
      const client = await open(proxy);
      client.socket.write("0123456789".repeat(5));
      await until(() => client.text.length === 50);
      assert.equal(client.text, "0123456789".repeat(5));
      assert.ok(client.pieces > 1, String(client.pieces));
    });
  });

  it("closes after so many bytes", async () => {
    await withProxy(async (proxy) => {
      proxy.add("limit", { type: "limit_data", bytes: 12 });
      const client = await open(proxy);
      client.socket.write("x".repeat(100));
      await until(() => client.isClosed);
      assert.equal(client.text, "x".repeat(12));
    });
  });

  it("holds everything until the toxic is removed, then closes", async () => {
    await withProxy(async (proxy) => {
      const client = await open(proxy);
      client.socket.write("before");
      await until(() => client.text === "before");
      proxy.add("cut", { type: "timeout", timeoutMs: 0 });
      client.socket.write("lost");
      await pause(60);
      assert.deepEqual([client.text, client.isClosed], ["before", false]);
      assert.equal(proxy.remove("cut"), true);
      await until(() => client.isClosed);
      assert.equal(client.text, "before");
      const next = await open(proxy);
      next.socket.write("after");
      await until(() => next.text === "after");
    });
  });

  it("closes by itself where a timeout has a time", async () => {
    await withProxy(async (proxy) => {
      proxy.add("cut", { type: "timeout", timeoutMs: 50 });
      const client = await open(proxy);
      client.socket.write("lost");
      await until(() => client.isClosed);
      assert.equal(client.text, "");
    });
  });

  it("resets", async () => {
    await withProxy(async (proxy) => {
      proxy.add("reset", { type: "reset_peer", afterMs: 20 });
      const client = await open(proxy);
      await until(() => client.isClosed);
      assert.equal(client.failure, "ECONNRESET");
    });
  });

  it("passes the end on later", async () => {
    await withProxy(async (proxy) => {
      proxy.add("slow", { type: "slow_close", delayMs: 150 });
      const client = await open(proxy);
      client.socket.end("x");
      await until(() => client.text === "x");
      const answeredMs = performance.now();
      await until(() => client.hasEnded);
      assert.ok(performance.now() - answeredMs >= 100);
    });
  });

  it("is down and up again on the same port", async () => {
    await withProxy(async (proxy) => {
      const client = await open(proxy);
      const { port } = proxy;
      await proxy.down();
      await until(() => client.isClosed);
      const refused = connect(port, "127.0.0.1");
      const [error] = (await once(refused, "error")) as [NodeJS.ErrnoException];
      assert.equal(error.code, "ECONNREFUSED");
      await proxy.up();
      assert.equal(proxy.port, port);
      const next = await open(proxy);
      next.socket.write("again");
      await until(() => next.text === "again");
    });
  });

  it("spares the share of connections that the toxicity leaves out", async () => {
    const numbers = [0.9, 0.1];
    await withProxy(
      async (proxy) => {
        proxy.add("limit", { type: "limit_data", bytes: 1, toxicity: 0.5 });
        const [spared, harmed] = [await open(proxy), await open(proxy)];
        spared.socket.write("whole");
        await until(() => spared.text === "whole");
        harmed.socket.write("whole");
        await until(() => harmed.isClosed);
        assert.equal(harmed.text, "w");
      },
      () => numbers.shift() ?? 0.9,
    );
  });

  it("refuses measures out of bounds by name", async () => {
    await withProxy(async (proxy) => {
      assert.throws(
        () => proxy.add("x", { type: "latency", latencyMs: -1 }),
        /latency\.latencyMs: expected 0 to 600000, found -1/,
      );
      assert.throws(
        () => proxy.add("x", { type: "bandwidth", bytesPerSecond: 0 }),
        /bandwidth\.bytesPerSecond: expected 1 to/,
      );
      assert.throws(
        () => proxy.add("x", { type: "reset_peer", afterMs: 0, toxicity: 2 }),
        /reset_peer\.toxicity: expected 0 to 1, found 2/,
      );
      assert.equal(proxy.remove("x"), false);
    });
  });
});
