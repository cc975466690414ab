import { describeDoor } from "./describe-door.ts";
import { DOOR_KINDS } from "./door-kinds.ts";

for (const kind of DOOR_KINDS) describeDoor(kind);
