import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";

/** Processor, cores, memory, system, runtime: what a figure of another machine cannot be compared without. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0);
  const { node, openssl } = process.versions;
  return `${availableParallelism()} × ${model}, ${gibibytes} GiB, ${describeSystem()}; node ${node}, OpenSSL ${openssl}`;
}

function describeSystem(): string {
  try {
    const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
    return `${name ?? process.platform}, kernel ${release()}`;
  } catch {
    return `${process.platform} ${release()}`;
  }
}

/** The packages that are measured, as they are pinned. */
export function describeVersions(): string {
  const manifest = readFileSync(new URL("./package.json", import.meta.url), "utf8");
  const { dependencies } = JSON.parse(manifest) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return Object.entries(dependencies)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
}
