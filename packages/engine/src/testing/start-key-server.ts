import type { KeyServer } from "./key-server.ts";

/** Starts a server of documents on a free port of 127.0.0.1, with faults to switch on. Needs `node:http`. */
export async function startKeyServer(): Promise<KeyServer> {
  // On demand, so that what needs no server loads on runtimes without node: modules.
  const module = await import("./key-server.ts");
  return module.startKeyServer();
}
