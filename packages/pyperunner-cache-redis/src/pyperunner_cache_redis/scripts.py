"""Scripts: what happens at once on the server, in its own language (Lua), so that nobody sees or leaves a half of it.

The hash of a name, ``<prefix>:n:<name>``, has a field for each entry: ``<version> <size> <chunks> <put at>``. No
version is ever used twice. The bytes lie in strings ``<prefix>:d:<version>:<number>``, which run out in a day until
`COMMIT` makes them stay: what a killed writer has left goes by itself. ``<prefix>:bytes`` is the sum of all sizes.
"""

from __future__ import annotations

__all__ = ["COMMIT", "OPEN", "RECOUNT", "RELEASE", "REMOVE", "RENEW", "SET_ASIDE", "TOUCH"]

_PARTS = """
local function parts(text)
  local version, size, chunks, at = string.match(text, '^(%S+) (%d+) (%d+) (%S+)$')
  return version, tonumber(size), tonumber(chunks), at
end
local function drop(prefix, version, chunks)
  for number = 0, chunks - 1 do redis.call('DEL', prefix .. ':d:' .. version .. ':' .. number) end
end
local function now()
  local time = redis.call('TIME')
  return time[1] .. '.' .. string.format('%06d', time[2])
end
"""

# KEYS: prefix, hash of the name, hash of uses, set of names. ARGV: name, field, version, size, chunks.
COMMIT = (
    _PARTS
    + """
local old = redis.call('HGET', KEYS[2], ARGV[2])
for number = 0, ARGV[5] - 1 do
  if redis.call('PERSIST', KEYS[1] .. ':d:' .. ARGV[3] .. ':' .. number) == 0
     and redis.call('EXISTS', KEYS[1] .. ':d:' .. ARGV[3] .. ':' .. number) == 0 then
    return redis.error_reply('what was uploaded is gone')
  end
end
local before = 0
if old then
  local version, size, chunks = parts(old)
  before = size
  if version ~= ARGV[3] then drop(KEYS[1], version, chunks) end
end
redis.call('HSET', KEYS[2], ARGV[2], table.concat({ARGV[3], ARGV[4], ARGV[5], now()}, ' '))
redis.call('HDEL', KEYS[3], ARGV[2])
redis.call('SADD', KEYS[4], ARGV[1])
redis.call('INCRBY', KEYS[1] .. ':bytes', ARGV[4] - before)
return 1
"""
)

# KEYS: prefix, hash of the name, hash of uses. ARGV: field. The entry, when it was used, and its first bytes.
OPEN = (
    _PARTS
    + """
local text = redis.call('HGET', KEYS[2], ARGV[1])
if not text then return nil end
local version = parts(text)
local used = redis.call('HGET', KEYS[3], ARGV[1])
return {text, used or '', redis.call('GET', KEYS[1] .. ':d:' .. version .. ':0') or ''}
"""
)

# KEYS: prefix, hash of the name, hash of uses, set of names. ARGV: name, field, version ('' for any).
REMOVE = (
    _PARTS
    + """
local text = redis.call('HGET', KEYS[2], ARGV[2])
if not text then return 0 end
local version, size, chunks = parts(text)
if ARGV[3] ~= '' and ARGV[3] ~= version then return 0 end
drop(KEYS[1], version, chunks)
redis.call('HDEL', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[2])
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('SREM', KEYS[4], ARGV[1]) end
redis.call('DECRBY', KEYS[1] .. ':bytes', size)
return 1
"""
)

# KEYS: prefix, hash of the name, hash of uses, set of names, list of what is aside. ARGV: name, field, version, most.
SET_ASIDE = (
    _PARTS
    + """
local text = redis.call('HGET', KEYS[2], ARGV[2])
if not text then return 0 end
local version, size = parts(text)
if ARGV[3] ~= version then return 0 end
redis.call('HDEL', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[2])
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('SREM', KEYS[4], ARGV[1]) end
redis.call('DECRBY', KEYS[1] .. ':bytes', size)
redis.call('RPUSH', KEYS[5], text)
while redis.call('LLEN', KEYS[5]) > tonumber(ARGV[4]) do
  local oldest, _, chunks = parts(redis.call('LPOP', KEYS[5]))
  drop(KEYS[1], oldest, chunks)
end
return 1
"""
)

# KEYS: hash of the name, hash of uses. ARGV: field.
TOUCH = (
    _PARTS
    + """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then redis.call('HSET', KEYS[2], ARGV[1], now()) end
return 1
"""
)

# KEYS: prefix, set of names.
RECOUNT = (
    _PARTS
    + """
local total = 0
for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  for _, text in ipairs(redis.call('HVALS', KEYS[1] .. ':n:' .. name)) do
    local _, size = parts(text)
    total = total + size
  end
end
redis.call('SET', KEYS[1] .. ':bytes', string.format('%d', total))
return total
"""
)

# KEYS: lock. ARGV: whose, milliseconds.
RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""

# KEYS: lock. ARGV: whose.
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
