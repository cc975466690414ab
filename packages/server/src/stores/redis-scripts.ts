/**
 * What is done to revocations in Redis, each in one step for all instances. The keys are, in this order: the stream of
 * records, whose ids are their positions; the head; the positions by id of revocation; the positions by target that are
 * not lifted; the positions by expiry; the positions of what lifts, by id of revocation.
 */

import { createHash } from "node:crypto";
import type { RedisScript } from "./redis-link.ts";

/** Members of a record in the stream. */
export const FIELD = {
  /** "revoked" or "lifted". */
  type: "t",
  id: "i",
  mark: "m",
  previousMark: "p",
  /** The revocation as JSON; also of a record that lifts it. */
  revocation: "r",
  /** What lifts, as JSON. */
  lift: "l",
  remainingCutOff: "b",
  remainingExpiry: "x",
} as const;

const SHARED = `
local stream, head, ids, targets, expiries, lifts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local function fetch(position)
  local found = redis.call('XRANGE', stream, position .. '-0', position .. '-0')[1]
  if not found then return nil end
  local record = {}
  for index = 1, #found[2], 2 do record[found[2][index]] = found[2][index + 1] end
  return record
end
local function positions_of(target)
  local list = {}
  for position in string.gmatch(redis.call('HGET', targets, target) or '', '%d+') do list[#list + 1] = position end
  return list
end
local function set_positions(target, list)
  if #list == 0 then redis.call('HDEL', targets, target)
  else redis.call('HSET', targets, target, table.concat(list, ',')) end
end
local function without(list, position)
  local rest = {}
  for _, other in ipairs(list) do if other ~= position then rest[#rest + 1] = other end end
  return rest
end
local function add(mark, expiry, fields)
  local position = string.format('%.0f', redis.call('HINCRBY', head, 'position', 1))
  local previous = redis.call('HGET', head, 'mark') or ''
  redis.call('XADD', stream, position .. '-0', 'm', mark, 'p', previous, 'e', expiry, unpack(fields))
  redis.call('HSET', head, 'mark', mark)
  redis.call('ZADD', expiries, expiry, position)
  return position
end
`;

function define(text: string): RedisScript {
  const whole = SHARED + text;
  return { text: whole, sha1: createHash("sha1").update(whole).digest("hex") };
}

/**
 * Arguments: now, most for a target, then for each revocation: id, what makes it the same, target, mark, expiry,
 * cut-off or "", JSON. Answers "added" with position and outcome of each, or "conflict" or "limit" with an id, and then
 * nothing was added.
 */
export const APPEND: RedisScript = define(`
local now, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local same, counts = {}, {}
local function is_in_force(position)
  local record = fetch(position)
  return record and tonumber(record.e) > now
end
for at = 3, #ARGV, 7 do
  local id, sameness, target = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local known = redis.call('HGET', ids, id)
  local record = known and fetch(known)
  local other = record and record.s or same[id]
  if other and other ~= sameness then return {'conflict', id} end
  if not other then
    same[id] = sameness
    local count = counts[target]
    if not count then
      local list = positions_of(target)
      if #list >= most then
        local rest = {}
        for _, position in ipairs(list) do if is_in_force(position) then rest[#rest + 1] = position end end
        set_positions(target, rest)
        list = rest
      end
      count = #list
    end
    if count >= most then return {'limit', id} end
    counts[target] = count + 1
  end
end
local answer = {'added'}
for at = 3, #ARGV, 7 do
  local id, target = ARGV[at], ARGV[at + 2]
  local position, outcome = redis.call('HGET', ids, id), 'known'
  if not position or not fetch(position) then
    outcome = 'added'
    position = add(ARGV[at + 3], ARGV[at + 4],
      {'t', 'revoked', 'i', id, 's', ARGV[at + 1], 'd', target, 'c', ARGV[at + 5], 'r', ARGV[at + 6]})
    redis.call('HSET', ids, id, position)
    local others = redis.call('HGET', targets, target)
    redis.call('HSET', targets, target, others and (others .. ',' .. position) or position)
  end
  answer[#answer + 1] = position
  answer[#answer + 1] = outcome
end
return answer
`);

/** Arguments: now, id, mark, what lifts as JSON. Answers the outcome and the position of what lifts. */
export const LIFT: RedisScript = define(`
local now, id = tonumber(ARGV[1]), ARGV[2]
local position = redis.call('HGET', ids, id)
local record = position and fetch(position)
if not record then return {'unknown'} end
local lifted = redis.call('HGET', lifts, id)
if lifted then return {'known', lifted} end
local rest = without(positions_of(record.d), position)
local cut_off, expiry = -1, -1
for _, other in ipairs(rest) do
  local entry = fetch(other)
  if entry and tonumber(entry.e) > now then
    expiry = math.max(expiry, tonumber(entry.e))
    if entry.c ~= '' then cut_off = math.max(cut_off, tonumber(entry.c)) end
  end
end
local fields = {'t', 'lifted', 'i', id, 'd', record.d, 'r', record.r, 'l', ARGV[4]}
if expiry >= 0 then
  fields[#fields + 1] = 'x'
  fields[#fields + 1] = string.format('%.0f', expiry)
end
if cut_off >= 0 then
  fields[#fields + 1] = 'b'
  fields[#fields + 1] = string.format('%.0f', cut_off)
end
local at = add(ARGV[3], record.e, fields)
set_positions(record.d, rest)
redis.call('HSET', lifts, id, at)
return {'lifted', at}
`);

/** Arguments: position, most records. Answers position and mark of the head, and the records after the position. */
export const READ: RedisScript = define(`
local last = redis.call('HMGET', head, 'position', 'mark')
return {last[1] or '0', last[2] or '', redis.call('XRANGE', stream, '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])}
`);

/** Arguments: position before which to begin, most records. Answers them from the newest on, each with whether it is lifted. */
export const LIST: RedisScript = define(`
local found = redis.call('XREVRANGE', stream, '(' .. ARGV[1] .. '-0', '-', 'COUNT', ARGV[2])
local answer = {}
for _, entry in ipairs(found) do
  local id
  for index = 1, #entry[2], 2 do if entry[2][index] == 'i' then id = entry[2][index + 1] end end
  answer[#answer + 1] = {entry[1], entry[2], redis.call('HEXISTS', lifts, id)}
end
return answer
`);

/** Argument: id. Answers the position, or nothing. */
export const FIND: RedisScript = define(`
return redis.call('HGET', ids, ARGV[1])
`);

/** Arguments: expiry, most records. Answers how many records that expired by then it deleted. */
export const EXPIRE: RedisScript = define(`
local gone = redis.call('ZRANGEBYSCORE', expiries, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, position in ipairs(gone) do
  local record = fetch(position)
  if record and record.t == 'revoked' then
    redis.call('HDEL', ids, record.i)
    redis.call('HDEL', lifts, record.i)
    set_positions(record.d, without(positions_of(record.d), position))
  end
  redis.call('XDEL', stream, position .. '-0')
  redis.call('ZREM', expiries, position)
end
return #gone
`);

const INSTANCE_CLOCK = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
`;

function defineForInstances(text: string): RedisScript {
  const whole = INSTANCE_CLOCK + text;
  return { text: whole, sha1: createHash("sha1").update(whole).digest("hex") };
}

/** Keys: instances by time, reports by instance. Arguments: id, report, milliseconds after which one is forgotten. */
export const REPORT: RedisScript = defineForInstances(`
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]), 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
end
return 1
`);

/** Arguments: milliseconds, most instances. Answers for each how long it is silent, and its report. */
export const INSTANCES: RedisScript = defineForInstances(`
local found = redis.call('ZRANGEBYSCORE', KEYS[1], now - tonumber(ARGV[1]), '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local answer = {}
for index = 1, #found, 2 do
  answer[#answer + 1] = {string.format('%.0f', now - tonumber(found[index + 1])), redis.call('HGET', KEYS[2], found[index])}
end
return answer
`);

/** Argument: id. */
export const FORGET_INSTANCE: RedisScript = defineForInstances(`
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return now
`);

/** Arguments: who asks, milliseconds. Answers 1 to the first, however often it asks, else 0. */
export const USE: RedisScript = {
  ...((): RedisScript => {
    const text = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
`;
    return { text, sha1: createHash("sha1").update(text).digest("hex") };
  })(),
};
