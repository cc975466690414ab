import { existsSync } from "node:fs";
import { type ProxyTargets, type RunningGateway, readConfiguration, startGateway } from "./start-gateway.ts";

const MODULE_FOLDERS = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2"];
const MODULES = {
  mpm_event_module: "mod_mpm_event.so",
  authz_core_module: "mod_authz_core.so",
  headers_module: "mod_headers.so",
  proxy_module: "mod_proxy.so",
  proxy_http_module: "mod_proxy_http.so",
};

/** A real Apache httpd in front of the built-in proxy, with the configuration that the project hands out. */
export function startApache({ proxy, adapt }: ProxyTargets): Promise<RunningGateway> {
  return startGateway("apache2", async ({ folder, port }) => {
    const site = await readConfiguration("apache/countersign.conf", {
      "127.0.0.1:8080": proxy,
      "127.0.0.1:8081": `127.0.0.1:${port}`,
    });
    return {
      files: { "httpd.conf": describeServer(folder, port) + (adapt?.(site) ?? site) },
      // In the foreground, in one process of many threads.
      logFile: `${folder}/error.log`,
      parameters: ["-X", "-d", folder, "-f", `${folder}/httpd.conf`],
    };
  });
}

/** What a distribution's own configuration would say around the site. */
function describeServer(folder: string, port: number): string {
  const modules = MODULE_FOLDERS.find((path) => existsSync(path)) ?? "modules";
  const loads = Object.entries(MODULES).map(([name, file]) => `LoadModule ${name} ${modules}/${file}`);
  // Root's worker would run as somebody else.
  const user = process.getuid?.() === 0 ? "User www-data\nGroup www-data\n" : "";
  return `${loads.join("\n")}
${user}ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/httpd.pid
DefaultRuntimeDir ${folder}
ErrorLog ${folder}/error.log
LogLevel warn
ThreadsPerChild 32
MaxRequestWorkers 32
KeepAliveTimeout 60
`;
}
