/** A Redis Cluster of two servers that speak TLS, with a user who may do only what stores need. */

import assert from "node:assert/strict";
import { createCertificate } from "../../../cli/test/kit/self-signed-certificate.ts";
import type { RedisOptions } from "../../src/stores/redis-client.ts";
import { startRedis } from "./start-redis.ts";
import { waitFor } from "./wait-for.ts";

/** Whatever the stores send; the guide lists the same. */
const COMMANDS = [
  ...["eval", "evalsha", "xadd", "xrange", "xrevrange", "xread", "xdel", "hget", "hmget", "hset", "hincrby"],
  ...["hdel", "hexists", "zadd", "zrangebyscore", "zrem", "time", "set", "get", "wait"],
  ...["cluster|shards", "cluster|slots", "cluster|myid", "asking"],
];

export interface TestRedisCluster {
  readonly options: RedisOptions;
  stop(): Promise<void>;
}

export async function startRedisCluster(): Promise<TestRedisCluster> {
  const tls = createCertificate({ daysLeft: 10 });
  const options = ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"];
  const servers = [await startRedis({ options, tls }), await startRedis({ options, tls })] as const;
  const [first, second] = servers;
  await first.command("CLUSTER", "ADDSLOTSRANGE", "0", "8191");
  await second.command("CLUSTER", "ADDSLOTSRANGE", "8192", "16383");
  assert.equal(await first.command("CLUSTER", "MEET", "127.0.0.1", String(second.port)), "OK");
  const rights = [
    "on",
    ">secret",
    "~countersign:*",
    "-@all",
    "+@connection",
    ...COMMANDS.map((name) => `+${name}`),
  ];
  for (const server of servers) {
    await server.command("ACL", "SETUSER", "sidecar", ...rights);
    await waitFor(async () => String(await server.command("CLUSTER", "INFO")).includes("cluster_state:ok"));
  }
  return {
    options: {
      urls: [first.url, second.url],
      isCluster: true,
      username: "sidecar",
      password: "secret",
      tls: { ca: tls.certificate },
    },
    async stop() {
      for (const server of servers) await server.stop();
    },
  };
}
