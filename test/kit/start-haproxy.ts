import { type ProxyTargets, type RunningGateway, readConfiguration, startGateway } from "./start-gateway.ts";

/** A real HAProxy in front of the built-in proxy, with the configuration that the project hands out. */
export function startHaproxy({ proxy, adapt }: ProxyTargets): Promise<RunningGateway> {
  return startGateway("haproxy", async ({ folder, port }) => {
    const text = await readConfiguration("haproxy/haproxy.cfg", {
      "127.0.0.1:8080": proxy,
      "127.0.0.1:8081": `127.0.0.1:${port}`,
    });
    return {
      files: { "haproxy.cfg": adapt?.(text) ?? text },
      // In the foreground and in one process.
      parameters: ["-db", "-f", `${folder}/haproxy.cfg`],
    };
  });
}
