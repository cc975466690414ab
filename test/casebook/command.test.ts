import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { CasebookReport } from "../../conformance/casebook/report.ts";
import { type GuardedEcho, startGuardedEcho } from "./start-guarded-echo.ts";
import { type NaiveProxy, startNaiveProxy } from "./start-naive-proxy.ts";

const MAIN = fileURLToPath(new URL("../../conformance/casebook/main.ts", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function run(parameters: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@countersign/source", MAIN, ...parameters], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

describe("npm run casebook", () => {
  let place: GuardedEcho;
  let naive: NaiveProxy;
  let folder: string;
  before(async () => {
    place = await startGuardedEcho();
    naive = await startNaiveProxy(place.echo.url);
    folder = await mkdtemp(join(tmpdir(), "countersign-casebook-"));
    await writeFile(join(folder, "token"), `${place.tokens.valid}\n`);
    await writeFile(join(folder, "tokens.json"), JSON.stringify(place.tokens));
  });
  after(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    await naive?.close();
    await place?.close();
  });

  async function attack(target: string, file: string): Promise<Ended & { readonly report: CasebookReport }> {
    const json = join(folder, "report.json");
    const at = [
      "--target",
      target,
      "--upstream-echo",
      place.echo.url,
      "--guarded-host",
      "guarded.test",
      "--optional",
      "/greeting/1",
    ];
    const ended = await run([...at, "--token-file", join(folder, file), "--json", json]);
    return { ...ended, report: JSON.parse(await readFile(json, "utf8")) as CasebookReport };
  }

  it("finds the built-in proxy immune, and says so with 0", async () => {
    const { code, output, report } = await attack(`http://${place.proxy}`, "tokens.json");
    assert.equal(code, 0, output);
    assert.equal(report.entries.length, 52);
    assert.deepEqual(
      report.entries.filter(({ outcome }) => outcome === "vulnerable"),
      [],
    );
    assert.ok(
      report.entries.every(({ tested, probes }) => tested === probes),
      "every probe was asked",
    );
    assert.match(output, /\d+ immune, 0 vulnerable, \d+ not testable/);
  });

  it("makes of one valid token what a client can make of it", async () => {
    const { code, report } = await attack(`http://${place.proxy}`, "token");
    assert.equal(code, 0);
    const { untested, tested } = report.entries.find(({ number }) => number === 32) ?? {};
    assert.deepEqual(untested, ["no hmacWithPublicKey"]);
    assert.equal(tested, 6);
  });

  it("finds a careless gateway vulnerable, says by what, and ends with 1", async () => {
    const { code, output, report } = await attack(naive.url, "tokens.json");
    assert.equal(code, 1);
    const found = report.entries
      .filter(({ outcome }) => outcome === "vulnerable")
      .map(({ number }) => number);
    for (const number of [2, 3, 5, 6, 9, 14, 20, 21, 26, 29, 32, 35, 51, 52])
      assert.ok(found.includes(number), `entry ${number}`);
    assert.match(output, /X-Forwarded-Uri: \{open\}: the application got "\/orders\/1"/);
    for (const token of Object.values(place.tokens))
      assert.ok(!output.includes(token), "no token is written");
  });

  it("says of a gateway that does not answer that it cannot be tested, with 3", async () => {
    const at = ["--target", "http://127.0.0.1:1", "--upstream-echo", place.echo.url];
    const { code, output } = await run(at);
    assert.equal(code, 3);
    assert.match(output, /Nobody reaches the application/);
    const gone = await run(["--target", naive.url, "--upstream-echo", "http://127.0.0.1:1"]);
    assert.equal(gone.code, 3);
  });

  it("attacks nothing that is not on this machine unless it is told whose it is", async () => {
    const at = ["--target", "http://gateway.invalid", "--upstream-echo", place.echo.url];
    const { code, output } = await run(at);
    assert.equal(code, 2);
    assert.match(output, /--i-own-this-target/);
    for (const wrong of [["--target", "https://127.0.0.1"], ["--target", naive.url], ["--unknown"], []])
      assert.equal((await run(wrong)).code, 2, wrong.join(" "));
  });

  it("serves the echo application until it is ended", async () => {
    const child = spawn(process.execPath, ["--conditions=@countersign/source", MAIN, "--serve-echo", "0"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    const url = /http:\S+/.exec(line)?.[0] ?? "";
    const headers = { "X-Casebook-Probe": "one" };
    await fetch(`${url}/a`, { headers });
    const records = (await (await fetch(`${url}/.casebook/records/one`)).json()) as readonly {
      target: string;
    }[];
    assert.deepEqual(
      records.map(({ target }) => target),
      ["/a"],
    );
    child.kill("SIGTERM");
    const [code] = (await once(child, "close")) as [number | null];
    assert.equal(code, 0);
  });
});
