export type { DevKeyState, DevKeySummary } from "./key-ring.ts";
export type { DevClientOptions, DevIdpOptions, DevSigningAlgorithm } from "./options.ts";
export type { DevIdp, RotateOptions } from "./start-dev-idp.ts";
export { startDevIdp } from "./start-dev-idp.ts";
export type { DevUser } from "./users.ts";
export { DEV_USERS } from "./users.ts";
