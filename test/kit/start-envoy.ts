import {
  type DecisionTargets,
  type RunningGateway,
  readConfiguration,
  startGateway,
} from "./start-gateway.ts";

/** Files of `deploy/envoy/`. What they are asked through: `grpc` the `extAuthz` listener, `http` the `decision` listener. */
export type EnvoyConfiguration = "ext-authz-http" | "ext-authz-grpc" | "istio-http" | "istio-grpc";

/** A real Envoy with one of the configurations that the project hands out. */
export function startEnvoy(
  configuration: EnvoyConfiguration,
  { decision, application, adapt }: DecisionTargets,
): Promise<RunningGateway> {
  const decisionPort = configuration.endsWith("grpc") ? 9401 : 9400;
  return startGateway("envoy", async ({ folder, port }) => {
    const text = await readConfiguration(`envoy/${configuration}.yaml`, {
      [describeAddress(`127.0.0.1:${decisionPort}`)]: describeAddress(decision),
      [describeAddress("127.0.0.1:3000")]: describeAddress(application),
      [describeAddress("127.0.0.1:8081")]: describeAddress(`127.0.0.1:${port}`),
    });
    return {
      files: { "envoy.yaml": adapt?.(text) ?? text },
      // Hot restart shares memory between all Envoys of a machine, which would take each other for the old one.
      parameters: [
        "--config-path",
        `${folder}/envoy.yaml`,
        "--disable-hot-restart",
        ...["--concurrency", "1", "--log-level", "warning"],
      ],
    };
  });
}

function describeAddress(address: string): string {
  const [host = "", port = ""] = address.split(":");
  return `socket_address: { address: ${host}, port_value: ${port} }`;
}
