import { type CallOptions, Client, credentials, type ServiceError } from "@grpc/grpc-js";

const keep = (bytes: Buffer): Buffer => bytes;

export interface GrpcCaller {
  /** Calls a unary method with the bytes of a message. Rejects with the call's status. */
  call(path: string, message: Uint8Array, options?: CallOptions): Promise<Buffer>;
  /** What a server-streaming method sends, message by message; ends as the call does. */
  watch(path: string, message: Uint8Array): AsyncIterable<Buffer>;
  close(): void;
}

export const CHECK = "/envoy.service.auth.v3.Authorization/Check";
export const HEALTH_CHECK = "/grpc.health.v1.Health/Check";
export const HEALTH_LIST = "/grpc.health.v1.Health/List";
export const HEALTH_WATCH = "/grpc.health.v1.Health/Watch";

/** A gRPC client for "host:port" or "unix:/path", with a connection of its own. */
export function createCaller(address: string, options: object = {}): GrpcCaller {
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_channelz": 0,
    ...options,
  });
  return {
    call: (path, message, callOptions = {}) =>
      new Promise((resolve, reject) => {
        const answer = (error: ServiceError | null, value?: Buffer): void =>
          error === null && value !== undefined ? resolve(value) : reject(error ?? new Error("no message"));
        client.makeUnaryRequest(path, keep, keep, Buffer.from(message), callOptions, answer);
      }),
    watch: (path, message) => client.makeServerStreamRequest(path, keep, keep, Buffer.from(message)),
    close: () => client.close(),
  };
}
