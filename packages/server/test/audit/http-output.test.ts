import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { openAudit } from "../../src/audit/open-audit.ts";
import { parseConfiguration } from "../../src/config/parse-configuration.ts";
import { waitFor } from "../kit/wait-for.ts";
import { createDraft, createFolder } from "./kit.ts";

interface Received {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** What is answered next. */
  status: number;
  answer: string;
}

async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (piece: string) => {
      body += piece;
    });
    request.on("end", () => {
      received.push({ url: request.url, headers: request.headers, body });
      response.writeHead(receiver.status, { connection: "close" }).end(receiver.answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    status: 200,
    answer: "",
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}

interface OpenTrail extends AsyncDisposable {
  readonly trail: Awaited<ReturnType<typeof openAudit>>;
  readonly counts: Map<string, number>;
}

async function openTrail(outputs: string): Promise<OpenTrail> {
  const folder = await createFolder();
  const text = `issuers: [{ issuer: "https://a.test/", audiences: [a], keys: { discovery: true } }]
routes: [{ path: /**, allow: authenticated }]
audit: { pseudonymKeyFile: ${folder.file("key")}, ${outputs} }`;
  const { audit } = parseConfiguration(text, { env: { SECRET: "Bearer of-this-receiver" }, baseDir: "/" });
  assert.ok(audit !== undefined);
  const counts = new Map<string, number>();
  const trail = await openAudit(audit, {
    clock: () => 1_800_000_000_000,
    version: "0",
    logger: { warn: () => undefined, error: () => undefined },
    metrics: {
      countAudit: (output, result, count) =>
        void counts.set(`${output} ${result}`, (counts.get(`${output} ${result}`) ?? 0) + count),
    },
  });
  return {
    trail,
    counts,
    async [Symbol.asyncDispose]() {
      await trail.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function readLines(received: readonly Received[]): readonly AuditEvent[] {
  return received.flatMap(({ body }) =>
    body
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as AuditEvent),
  );
}

test("a webhook gets JSON lines with its own authorization, and again what it could not take", async () => {
  await using receiver = await startReceiver();
  receiver.status = 503;
  await using opened = await openTrail(
    `webhook: { url: "${receiver.url}/hook", authorization: "\${SECRET}" }`,
  );
  await waitFor(() => receiver.received.length > 0);
  receiver.status = 204;
  opened.trail.record(createDraft(1));
  await waitFor(() => (opened.counts.get("webhook written") ?? 0) === 2);
  const [first] = receiver.received;
  assert.deepEqual([first?.url, first?.headers.authorization], ["/hook", "Bearer of-this-receiver"]);
  const last = readLines(receiver.received.slice(-2));
  assert.ok(last.some(({ event }) => event === "token.rejected"));
  assert.ok((opened.counts.get("webhook failed") ?? 0) >= 1);
  assert.equal(opened.counts.get("webhook dropped"), 0);
});

test("what a webhook refuses for good is counted as lost, and told with the next", async () => {
  await using receiver = await startReceiver();
  receiver.status = 400;
  await using opened = await openTrail(`webhook: { url: "${receiver.url}" }`);
  await waitFor(() => opened.counts.get("webhook dropped") === 1);
  receiver.status = 200;
  opened.trail.record(createDraft(1));
  await waitFor(() => opened.counts.get("webhook written") === 2);
  assert.deepEqual(
    readLines(receiver.received.slice(1)).map(({ event }) => event),
    ["token.rejected", "audit.lost"],
  );
});

test("a redirect is not followed: the authorization is for one receiver", async () => {
  await using receiver = await startReceiver();
  receiver.status = 307;
  await using opened = await openTrail(`webhook: { url: "${receiver.url}", authorization: "\${SECRET}" }`);
  await waitFor(() => opened.counts.get("webhook dropped") === 1);
  assert.equal(receiver.received.length, 1);
});

test("OpenTelemetry logs have resource, scope, time, severity and attributes; what is refused in part is lost in part", async () => {
  await using receiver = await startReceiver();
  receiver.answer = '{"partialSuccess":{"rejectedLogRecords":"1"}}';
  await using opened = await openTrail(`otlp: { url: "${receiver.url}/v1/logs" }`);
  await waitFor(() => opened.counts.get("otlp dropped") === 1);
  receiver.answer = "{}";
  opened.trail.record(createDraft(1, { issuer: "main", status: 401, durationMs: 0.25 }));
  await waitFor(() => opened.counts.get("otlp written") === 2);
  const { resourceLogs } = JSON.parse(receiver.received.at(-1)?.body ?? "{}") as {
    resourceLogs: {
      resource: { attributes: object[] };
      scopeLogs: { logRecords: Record<string, unknown>[] }[];
    }[];
  };
  const [record] = resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
  assert.deepEqual(resourceLogs[0]?.resource.attributes[0], {
    key: "service.name",
    value: { stringValue: "countersign" },
  });
  assert.equal(record?.["timeUnixNano"], "1800000000001000000");
  assert.equal(record?.["severityNumber"], 10);
  assert.equal(record?.["eventName"], "countersign.token.rejected");
  const attributes = record?.["attributes"] as object[];
  assert.ok(
    attributes.some(
      (each) => JSON.stringify(each) === '{"key":"countersign.status","value":{"intValue":"401"}}',
    ),
  );
  assert.ok(
    attributes.some(
      (each) => JSON.stringify(each) === '{"key":"countersign.durationMs","value":{"doubleValue":0.25}}',
    ),
  );
});
