/** How gRPC methods are described to the server here: bytes in, bytes out. */

import type { MethodDefinition, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";

export type UnaryCall = ServerUnaryCall<Buffer, Uint8Array>;
export type UnaryReply = sendUnaryData<Uint8Array>;

/** A method of which the handler reads the message itself, so that one that cannot be read is answered in our words. */
export function describeMethod(
  path: string,
  { responseStream }: { readonly responseStream: boolean },
): MethodDefinition<Buffer, Uint8Array> {
  return {
    path,
    requestStream: false,
    responseStream,
    requestSerialize: keepBytes,
    requestDeserialize: keepBytes,
    responseSerialize: (message) => Buffer.from(message.buffer, message.byteOffset, message.byteLength),
    responseDeserialize: keepBytes,
  };
}

function keepBytes(message: Buffer): Buffer {
  return message;
}
