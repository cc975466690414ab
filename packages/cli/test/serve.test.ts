import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { test } from "node:test";
import { startCli } from "./kit/long-running-cli.ts";
import { runCli } from "./kit/run-cli.ts";
import { AUDIENCE, createTestFolder, ISSUER, JWKS, signToken } from "./kit/test-tokens.ts";

function writeConfiguration(decision: string): string {
  return `
issuers:
  - issuer: ${ISSUER}
    audiences: [${AUDIENCE}]
    keys: { jwks: ${JSON.stringify(JWKS)} }
listeners: { decision: "${decision}", admin: "127.0.0.1:0" }
routes:
  - { path: /orders/**, allow: authenticated, scopes: [orders:read] }
`;
}

interface Started {
  readonly type: "started";
  readonly addresses: { readonly decision: string; readonly admin: string };
}

test("serve answers decisions, prints them, and stops with exit 0 on SIGTERM", async () => {
  await using folder = await createTestFolder();
  const config = await folder.write("countersign.yaml", writeConfiguration("127.0.0.1:0"));
  await using cli = startCli(["serve", "--config", config, "--decisions", "--json"]);
  const started = JSON.parse(await cli.nextLine(() => true)) as Started;
  assert.equal(started.type, "started");
  const now = Math.floor(Date.now() / 1000);
  const ask = async (token: string): Promise<number> => {
    const response = await fetch(`http://${started.addresses.decision}/authz`, {
      headers: {
        authorization: `Bearer ${token}`,
        "x-forwarded-method": "GET",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "api.example.com",
        "x-forwarded-uri": "/orders?secret=1",
      },
    });
    await response.arrayBuffer();
    return response.status;
  };
  assert.equal(await ask(signToken({ iat: now, exp: now + 60 })), 200);
  assert.equal(await ask(signToken()), 401);
  const decisions = [await cli.nextLine(() => true), await cli.nextLine(() => true)].map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  );
  assert.deepEqual(
    decisions.map(({ type, status, reason, path }) => ({ type, status, reason, path })),
    [
      { type: "decision", status: 200, reason: "ok", path: "/orders" },
      { type: "decision", status: 401, reason: "token_expired", path: "/orders" },
    ],
  );
  cli.signal("SIGTERM");
  assert.equal((await cli.closed).code, 0);
});

test("serve reads its file again on SIGHUP and when it changes, and keeps what it has where that is bad", async () => {
  await using folder = await createTestFolder();
  const good = writeConfiguration("127.0.0.1:0");
  const config = await folder.write("countersign.yaml", good);
  await using cli = startCli(["serve", "--config", config, "--json"]);
  const { addresses } = JSON.parse(await cli.nextLine(() => true)) as Started;
  const countOf = async (result: string): Promise<number> => {
    const text = await (await fetch(`http://${addresses.admin}/metrics`)).text();
    return Number(new RegExp(`config_reloads_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1]);
  };
  const waitForCount = async (result: string): Promise<void> => {
    for (let tries = 0; tries < 500 && (await countOf(result)) === 0; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok((await countOf(result)) > 0, result);
  };
  cli.signal("SIGHUP");
  await waitForCount("unchanged");
  await folder.write("countersign.yaml", good.replace("orders:read", "orders:write"));
  await waitForCount("applied");
  await folder.write("countersign.yaml", good.replace("authenticated", "everyone"));
  await waitForCount("refused");
  cli.signal("SIGTERM");
  assert.equal((await cli.closed).code, 0);
});

test("serve says in words that an address is taken, and exits 3", async () => {
  await using folder = await createTestFolder();
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = blocker.address() as AddressInfo;
    const config = await folder.write("countersign.yaml", writeConfiguration(`127.0.0.1:${port}`));
    const { code, stdout, stderr } = await runCli(["serve", "--config", config]);
    assert.equal(code, 3);
    assert.equal(stdout, "");
    assert.match(stderr, /^countersign: the sidecar cannot start: .*\n +another process listens there/m);
    assert.doesNotMatch(stderr, / at .*\.ts:/);
  } finally {
    blocker.close();
  }
});

test("serve refuses a bad configuration with every problem, and exits 2", async () => {
  await using folder = await createTestFolder();
  const config = await folder.write(
    "countersign.yaml",
    writeConfiguration("127.0.0.1:0").replace("audiences", "audience"),
  );
  const { code, stdout, stderr } = await runCli(["serve", "--config", config]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^countersign: .* cannot be used: \d problems?\n +issuers\[0\]\.audience/);
});
