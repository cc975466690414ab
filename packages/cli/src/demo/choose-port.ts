import { createServer } from "node:net";

/** A port that nobody listened on a moment ago. */
export interface ChosenPort {
  readonly port: number;
  /** True where the preferred port is in use and another was taken. */
  readonly replaced: boolean;
}

/** The preferred port of 127.0.0.1 where nobody listens on it, else a free one. */
export async function choosePort(preferred: number): Promise<ChosenPort> {
  const port = await tryPort(preferred);
  if (port !== undefined) return { port, replaced: false };
  const free = await tryPort(0);
  if (free === undefined) throw new Error("no free port on 127.0.0.1");
  return { port: free, replaced: true };
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}
