import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";

import { createCertificate } from "../../../cli/test/kit/self-signed-certificate.ts";
import { SyslogOutput } from "../../src/audit/outputs/syslog-output.ts";
import { waitFor } from "../kit/wait-for.ts";
import { createEvent, createFolder } from "./kit.ts";

const SOURCE = { host: "host.test", processId: 42 };
const EVENTS = [createEvent(1), createEvent(2, { path: "/a\u{2028}ü" })];
const MESSAGE =
  /^<109>1 2027-01-15T08:00:00\.00[12]Z host\.test countersign 42 token\.rejected - \u{feff}\{"v":1,/u;

/** Messages by octet counting (RFC 6587 section 3.4.1). */
function readFrames(octets: Buffer): readonly string[] {
  const messages: string[] = [];
  for (let start = 0; start < octets.length; ) {
    const space = octets.indexOf(0x20, start);
    const end = space + 1 + Number(octets.toString("ascii", start, space));
    messages.push(octets.toString("utf8", space + 1, end));
    start = end;
  }
  return messages;
}

interface Receiver {
  readonly messages: () => readonly string[];
  readonly sockets: Set<Socket>;
  close(): Promise<void>;
}

function receive(server: Server): Receiver {
  let octets = Buffer.alloc(0);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  const onSocket = (socket: Socket): void => {
    socket.on("error", () => undefined);
    socket.on("data", (piece: Buffer) => {
      octets = Buffer.concat([octets, piece]);
    });
  };
  server.on("setSecureContext" in server ? "secureConnection" : "connection", onSocket);
  return {
    messages: () => readFrames(octets),
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

test("messages go over UDP, one a datagram", async () => {
  const server = createSocket("udp4");
  const messages: string[] = [];
  server.on("message", (octets) => messages.push(octets.toString("utf8")));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const to = `udp://127.0.0.1:${server.address().port}`;
  const output = new SyslogOutput({ to, facility: 13, format: "native" }, SOURCE);
  await output.deliver(EVENTS);
  await waitFor(() => messages.length === 2);
  for (const message of messages) assert.match(message, MESSAGE);
  await output.close();
  server.close();
});

test("messages go over TCP with their length before them, and again after the connection was lost", async () => {
  const server = createServer();
  const receiver = receive(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const to = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const output = new SyslogOutput({ to, facility: 13, format: "native" }, SOURCE);
  await output.deliver(EVENTS);
  await waitFor(() => receiver.messages().length === 2);
  for (const message of receiver.messages()) assert.match(message, MESSAGE);
  const [first] = receiver.sockets;
  assert.ok(first !== undefined);
  first.destroy();
  // The end is noticed with the next turn of the loop, or with the next message.
  await waitFor(async () => {
    await output.deliver([createEvent(1)]).catch(() => undefined);
    return receiver.messages().length > 2;
  });
  await output.close();
  await receiver.close();
});

test("messages go to a Unix stream socket, in the Common Event Format where that is asked for", async () => {
  await using folder = await createFolder();
  const path = folder.file("log.sock");
  const server = createServer();
  const receiver = receive(server);
  server.listen(path);
  await once(server, "listening");
  const output = new SyslogOutput({ to: `unix:${path}`, facility: 10, format: "cef" }, SOURCE);
  await output.deliver(EVENTS);
  await waitFor(() => receiver.messages().length === 2);
  assert.match(
    receiver.messages()[0] ?? "",
    /^<85>1 .* - \u{feff}CEF:0\|Countersign\|Countersign\|0\|token\.rejected\|/u,
  );
  await output.close();
  await receiver.close();
});

test("over TLS nobody is told anything whose certificate is not known", async () => {
  const { certificate: cert, privateKey: key } = createCertificate({ daysLeft: 30 });
  const server = createTlsServer({ cert, key });
  server.on("tlsClientError", () => undefined);
  const receiver = receive(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const to = `tls://localhost:${(server.address() as AddressInfo).port}`;
  const unknown = new SyslogOutput({ to, facility: 13, format: "native" }, SOURCE);
  await assert.rejects(unknown.deliver(EVENTS), /self-signed/);
  const known = new SyslogOutput({ to, facility: 13, format: "native", ca: cert }, SOURCE);
  await known.deliver(EVENTS);
  await waitFor(() => receiver.messages().length === 2);
  await Promise.all([unknown.close(), known.close()]);
  await receiver.close();
});

test("a receiver that is not there is an error, and nothing is left open", async () => {
  const output = new SyslogOutput({ to: "tcp://127.0.0.1:1", facility: 13, format: "native" }, SOURCE);
  await assert.rejects(output.deliver(EVENTS));
  await output.close();
});
