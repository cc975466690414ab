import { Agent, request } from "node:http";

export interface AskedDecision {
  /** "127.0.0.1:port", or "unix:/path". */
  readonly address: string;
  readonly token?: string | undefined;
  readonly path?: string;
  /** Default a connection of its own. */
  readonly agent?: Agent;
  /** Longest silence. Default 10000. */
  readonly timeoutMs?: number;
}

/** Asks the generic decision endpoint. Rejects where the connection fails. */
export function askDecision(asked: AskedDecision): Promise<number> {
  const { address, token, path = "/x", agent, timeoutMs: timeout = 10_000 } = asked;
  const target = address.startsWith("unix:")
    ? { socketPath: address.slice("unix:".length) }
    : { host: address.split(":")[0], port: Number(address.split(":")[1]) };
  return new Promise((resolve, reject) => {
    const headers = {
      "x-forwarded-method": "GET",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "api.test",
      "x-forwarded-uri": path,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const sent = request({ ...target, path: "/authz", headers, agent: agent ?? false, timeout });
    sent.on("response", (response) => {
      response.on("error", reject).resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
    sent.on("error", reject).end();
  });
}

export interface DecisionLoad {
  /** Statuses in the order in which they came. */
  readonly statuses: readonly number[];
  /** Of each connection. */
  readonly failures: readonly number[];
  stop(): Promise<void>;
}

/** Asks on so many connections, each the next time when it was answered, until it is stopped. */
export function loadDecisions(asked: AskedDecision, connections: number): DecisionLoad {
  const state = {
    statuses: [] as number[],
    failures: Array.from({ length: connections }, () => 0),
    isStopping: false,
  };
  const runs = Array.from({ length: connections }, async (_, index) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!state.isStopping) {
      try {
        state.statuses.push(await askDecision({ ...asked, agent }));
      } catch {
        state.failures[index] = (state.failures[index] ?? 0) + 1;
      }
    }
    agent.destroy();
  });
  return {
    statuses: state.statuses,
    failures: state.failures,
    async stop() {
      state.isStopping = true;
      await Promise.all(runs);
    },
  };
}
