import { GrpcDoor, type GrpcDoorSetup } from "../../src/listeners/grpc-door.ts";

export interface OpenGrpcDoor {
  readonly door: GrpcDoor;
  /** "host:port". */
  readonly address: string;
  /** Messages of warnings and errors. */
  readonly log: readonly string[];
}

/** A door of which the test decides what it answers; by default "answer", and that it serves. */
export async function openGrpcDoor(
  setup: Partial<Pick<GrpcDoorSetup, "check" | "isServing" | "timing">> = {},
): Promise<OpenGrpcDoor> {
  const log: string[] = [];
  const write = (_fields: object, message: string): void => void log.push(message);
  const door = new GrpcDoor({
    address: { kind: "tcp", host: "127.0.0.1", port: 0 },
    check: () => Buffer.from("answer"),
    isServing: () => true,
    logger: { info: write, warn: write, error: write },
    ...setup,
  });
  return { door, address: await door.open(), log };
}
