/** Lines on standard output. Its own writes, since those of `process.stdout` wait where nobody reads a pipe. */

import { fstatSync, write } from "node:fs";
import { Socket } from "node:net";
import { promisify } from "node:util";

import type { AuditFormat } from "../../config/audit-configuration.ts";
import type { AuditEvent } from "../audit-event.ts";
import { formatEvent } from "../formats/format-event.ts";
import type { AuditOutput } from "../output-queue.ts";

const STANDARD_OUTPUT = 1;
const writeOctets = promisify(write);

export class StdoutOutput implements AuditOutput {
  readonly name = "stdout";
  readonly #format: AuditFormat;
  readonly #descriptor: number;
  /** Of pipes and sockets: nothing waits in a thread for whoever does not read, and the process can end. */
  readonly #socket: Socket | undefined;

  constructor(format: AuditFormat, descriptor: number = STANDARD_OUTPUT) {
    this.#format = format;
    this.#descriptor = descriptor;
    const kind = fstatSync(descriptor);
    if (!kind.isFIFO() && !kind.isSocket()) return;
    this.#socket = new Socket({ fd: descriptor, readable: false, writable: true });
    this.#socket.on("error", () => undefined);
    this.#socket.unref();
  }

  async deliver(events: readonly AuditEvent[]): Promise<void> {
    const octets = Buffer.from(events.map((event) => `${formatEvent(event, this.#format)}\n`).join(""));
    const socket = this.#socket;
    if (socket !== undefined) {
      await new Promise<void>((resolve, reject) => {
        socket.write(octets, (error) => (error ? reject(error) : resolve()));
      });
      return;
    }
    for (let done = 0; done < octets.length; ) {
      const { bytesWritten } = await writeOctets(this.#descriptor, octets, done, octets.length - done);
      done += bytesWritten;
    }
  }

  async close(): Promise<void> {
    // The descriptor is the process's; but what nobody reads would keep the process from ending.
    if (this.#socket !== undefined && this.#socket.writableLength > 0) this.#socket.destroy();
  }
}
