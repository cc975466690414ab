import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { DockerfileParser, type Instruction } from "dockerfile-ast";
import { findGateway, skipWithoutGateway } from "../kit/find-gateway.ts";
import { readDeploy } from "./read-manifests.ts";

const REPOSITORY = new URL("../../", import.meta.url);
const PATH = "container/Dockerfile";

function textsOf(instruction: Instruction | undefined): readonly string[] {
  return (instruction?.getArguments() ?? []).map((argument) => argument.getValue());
}

describe("the container file", () => {
  const file = DockerfileParser.parse(readDeploy(PATH));
  const instructions = file.getInstructions();
  const last = (keyword: string): Instruction | undefined =>
    instructions.findLast((instruction) => instruction.getKeyword() === keyword);

  it("starts from images of a version", () => {
    const tags = file.getFROMs().map((from) => from.getImageTag() ?? from.getImageDigest());
    assert.equal(tags.length, 2);
    for (const tag of tags) assert.match(tag ?? "", /^\d/);
  });

  it("copies only what is there", () => {
    const stages = file.getFROMs().map((from) => from.getBuildStage());
    for (const copy of file.getCOPYs()) {
      const stage = copy.getFromFlag()?.getValue();
      const sources = textsOf(copy).slice(0, -1);
      assert.ok(sources.length > 0);
      if (typeof stage === "string") assert.ok(stages.includes(stage), stage);
      else for (const source of sources) assert.ok(existsSync(new URL(source, REPOSITORY)), source);
    }
  });

  it("runs as a user who is not root, whatever the base image says", () => {
    const [user = ""] = textsOf(last("USER"));
    assert.match(user, /^[1-9]\d*:[1-9]\d*$/);
    const from = instructions.findLastIndex((instruction) => instruction.getKeyword() === "FROM");
    assert.ok(instructions.findIndex((instruction) => instruction.getKeyword() === "USER") > from);
  });

  it("starts the command of a package that the build installs", () => {
    assert.deepEqual(textsOf(last("ENTRYPOINT")), ['["/opt/countersign/node_modules/.bin/countersign"]']);
    assert.match(String(textsOf(last("RUN")).join(" ")), /npm install --prefix \/opt\/countersign/);
  });

  it("asks for its health at a path and port that the sidecar serves by default", async () => {
    const text = readDeploy(PATH);
    const [, command = "null"] = /^HEALTHCHECK [^\n]*\\\n *CMD (\[.*\])$/m.exec(text) ?? [];
    const [program, ...parameters] = JSON.parse(command) as readonly string[];
    assert.equal(program, "node");
    let status = 200;
    const paths: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url);
      response.writeHead(status, { Connection: "close" }).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const here = parameters.map((parameter) => parameter.replace("127.0.0.1:9402", `127.0.0.1:${port}`));
    assert.notDeepEqual(here, parameters);
    const ask = (): Promise<number | null> =>
      new Promise((resolve) => {
        const child = execFile(process.execPath, here, () => resolve(child.exitCode));
      });
    try {
      assert.equal(await ask(), 0);
      status = 503;
      assert.equal(await ask(), 1);
      assert.deepEqual(paths, ["/healthz/live", "/healthz/live"]);
    } finally {
      server.close();
    }
    await once(server, "close");
    assert.equal(await ask(), 1);
  });

  it("is what the linter of container files takes", { skip: skipWithoutGateway("hadolint") }, () => {
    const program = findGateway("hadolint");
    assert.ok(program !== undefined, "hadolint is not installed");
    const lint = (text: string): { status: number | null; said: string } => {
      const { status, stdout, stderr } = spawnSync(program, ["--no-color", "-"], {
        input: text,
        encoding: "utf8",
      });
      return { status, said: `${stdout}${stderr}` };
    };
    assert.deepEqual(lint(readDeploy(PATH)), { status: 0, said: "" });
    assert.match(lint(readDeploy(PATH).replaceAll("node:26-slim", "node:latest")).said, /DL3007/);
  });

  it("leaves out of the build what no build needs", () => {
    const ignored = readDeploy(`${PATH}.dockerignore`).trim().split("\n");
    for (const name of [".git", "**/node_modules"]) assert.ok(ignored.includes(name), name);
  });
});
