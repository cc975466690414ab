import { describeDoor } from "./describe-door.ts";
import { NGINX_DOOR, PROXY_DOOR } from "./door-kinds.ts";

describeDoor(NGINX_DOOR);
describeDoor(PROXY_DOOR);
