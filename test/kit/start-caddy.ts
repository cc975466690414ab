import {
  type DecisionTargets,
  type RunningGateway,
  readConfiguration,
  startGateway,
} from "./start-gateway.ts";

/** A real Caddy with the configuration that the project hands out. */
export function startCaddy({ decision, application, adapt }: DecisionTargets): Promise<RunningGateway> {
  return startGateway("caddy", async ({ folder, port }) => {
    const site = await readConfiguration("caddy/Caddyfile", {
      "127.0.0.1:9400": decision,
      "127.0.0.1:3000": application,
      ":8081": `:${port}`,
    });
    // Its administration listens on a fixed port, which tests that run beside each other would fight over.
    const options = "{\n  admin off\n}\n";
    return {
      files: { Caddyfile: options + (adapt?.(site) ?? site) },
      parameters: ["run", "--config", `${folder}/Caddyfile`, "--adapter", "caddyfile"],
    };
  });
}
