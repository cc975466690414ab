import { findFreePort } from "./free-port.ts";
import {
  type DecisionTargets,
  type RunningGateway,
  readConfiguration,
  startGateway,
} from "./start-gateway.ts";

/** What Traefik's own API tells of a router. */
interface Router {
  readonly provider: string;
  readonly status: string;
}

/** A real Traefik with the configuration that the project hands out; `adapt` gets the dynamic part. */
export function startTraefik({ decision, application, adapt }: DecisionTargets): Promise<RunningGateway> {
  return startGateway("traefik", async ({ folder, port }) => {
    const apiPort = await findFreePort();
    const entryPoints = await readConfiguration("traefik/traefik.yml", {
      "127.0.0.1:8081": `127.0.0.1:${port}`,
      "/etc/traefik/countersign.yml": `${folder}/countersign.yml`,
    });
    // It listens before it has read its routers. Its API tells when it has, and asks nobody for a decision.
    const entryPoint = `  traefik:\n    address: "127.0.0.1:${apiPort}"\n`;
    const api = `
api:
  insecure: true
  dashboard: false
global:
  checkNewVersion: false
  sendAnonymousUsage: false
`;
    const dynamic = await readConfiguration("traefik/countersign.yml", {
      "127.0.0.1:9400": decision,
      "127.0.0.1:3000": application,
    });
    return {
      files: {
        "traefik.yml": entryPoints.replace("entryPoints:\n", `entryPoints:\n${entryPoint}`) + api,
        "countersign.yml": adapt?.(dynamic) ?? dynamic,
      },
      parameters: [`--configFile=${folder}/traefik.yml`],
      isReady: () => hasRouters(`http://127.0.0.1:${apiPort}/api/http/routers`),
    };
  });
}

async function hasRouters(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    const routers = (await response.json()) as readonly Router[];
    return routers.some(({ provider, status }) => provider === "file" && status === "enabled");
  } catch {
    return false;
  }
}
