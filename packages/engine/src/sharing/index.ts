/** `countersign/sharing`: one process fetches keys and status lists, many judge with them. Web APIs only. */

export { createKeyFollower, type KeyFollower, type KeyFollowerOptions } from "../keys/key-follower.ts";
export { createKeyPublisher, type KeyPublisher, type KeyPublisherOptions } from "../keys/key-publisher.ts";
export type { KeySharing } from "../keys/key-sharing.ts";
export {
  type KeyAnswer,
  type KeyQuestion,
  MAX_QUERIES,
  type SharedKeyQuery,
  type SharedKeys,
} from "../keys/shared-keys.ts";
export type {
  AskStatusList,
  CompressedStatusList,
  SharedStatusList,
  StatusListQuestion,
} from "../validator/shared-status-list.ts";
