/** RFC 5424 over UDP (RFC 5426), TCP with octet counting (RFC 6587), TLS (RFC 5425) and Unix stream sockets. */

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import type { SyslogConfiguration } from "../../config/audit-configuration.ts";
import { parseSyslogAddress, type SyslogAddress } from "../../config/syslog-address.ts";
import type { AuditEvent } from "../audit-event.ts";
import { formatSyslog, type SyslogSource } from "../formats/format-syslog.ts";
import type { AuditOutput } from "../output-queue.ts";

/** For connecting, and for a peer to take what was written. */
const TIMEOUT_MS = 5000;

export class SyslogOutput implements AuditOutput {
  readonly name = "syslog";
  readonly #configuration: SyslogConfiguration;
  readonly #address: SyslogAddress;
  readonly #source: SyslogSource;
  #udp: UdpSocket | undefined;
  #stream: Socket | undefined;

  constructor(configuration: SyslogConfiguration, source: Omit<SyslogSource, "facility">) {
    const address = parseSyslogAddress(configuration.to);
    if (address === undefined) throw new TypeError("the schema let a malformed address pass");
    this.#configuration = configuration;
    this.#address = address;
    this.#source = { ...source, facility: configuration.facility };
  }

  async deliver(events: readonly AuditEvent[]): Promise<void> {
    const messages = events.map((event) =>
      Buffer.from(formatSyslog(event, this.#configuration.format, this.#source)),
    );
    if (this.#address.kind === "udp") await this.#sendDatagrams(messages, this.#address);
    else await this.#sendStream(messages);
  }

  async close(): Promise<void> {
    this.#udp?.close();
    this.#udp = undefined;
    this.#stream?.destroy();
    this.#stream = undefined;
  }

  async #sendDatagrams(
    messages: readonly Buffer[],
    { host, port }: Exclude<SyslogAddress, { kind: "unix" }>,
  ): Promise<void> {
    this.#udp ??= createDatagramSocket(host);
    const udp = this.#udp;
    for (const message of messages) {
      await new Promise<void>((resolve, reject) => {
        udp.send(message, port, host, (error) => (error ? reject(error) : resolve()));
      });
    }
  }

  async #sendStream(messages: readonly Buffer[]): Promise<void> {
    const stream = this.#stream ?? (await this.#connect());
    this.#stream = stream;
    const framed = Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.length} `), message]));
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), TIMEOUT_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        late.signal.addEventListener("abort", () => reject(new Error(`not taken within ${TIMEOUT_MS} ms`)));
        // Also called where the connection ends before.
        stream.write(framed, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      // Of what was written before it is not known what arrived: all of it is sent again.
      stream.destroy();
      this.#forget(stream);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #connect(): Promise<Socket> {
    const stream = this.#open();
    stream.on("error", () => undefined);
    // What a server says has no meaning here; unread, it would hold up the notice of its end.
    stream.resume();
    try {
      const ready = this.#address.kind === "tls" ? "secureConnect" : "connect";
      await once(stream, ready, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      stream.destroy();
      throw error;
    }
    stream.unref();
    stream.once("close", () => this.#forget(stream));
    return stream;
  }

  #open(): Socket {
    const address = this.#address;
    if (address.kind === "unix") return connect(address.path);
    const { host, port } = address;
    if (address.kind !== "tls") return connect(port, host);
    const { ca } = this.#configuration;
    return connectTls({ host, port, servername: host, ...(ca !== undefined && { ca }) });
  }

  #forget(stream: Socket): void {
    if (this.#stream === stream) this.#stream = undefined;
  }
}

function createDatagramSocket(host: string): UdpSocket {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("error", () => undefined);
  socket.unref();
  return socket;
}
