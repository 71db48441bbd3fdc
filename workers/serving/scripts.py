"""What Valkey carries out in one step for replicas, as Lua; each is known there by the SHA-1 of its text."""

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Script:
    """A script and its name in Valkey's cache."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


#: KEYS: the streams of a stage, the most urgent first. ARGV: group, consumer, most samples, most bytes.
#: Returns [place of the stream in KEYS, entry id, its fields] of what is delivered. How many to ask for next is told
#: from the size of those that came, so a batch may pass its limits by a few entries and never by many. Reading takes
#: no memory worth the name, so it goes on where Valkey's is full: what waits can then be answered.
TAKE = Script(
    """#!lua flags=allow-oom
local left, room, taken = tonumber(ARGV[3]), tonumber(ARGV[4]), {}
local samples, bytes = 0, 0
for place, stream in ipairs(KEYS) do
    while left > 0 and room > 0 do
        local count = math.min(left, 4)
        if #taken > 0 then
            local fits = math.min(left * #taken / samples, room * #taken / math.max(bytes, 1))
            count = math.max(1, math.min(64, math.floor(fits)))
        end
        local read = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', count, 'STREAMS', stream, '>')
        if not read then break end
        local entries = read[1][2]
        for _, entry in ipairs(entries) do
            local fields = entry[2]
            local size = fields[1] == 'n' and tonumber(fields[2]) or 1
            samples, bytes = samples + size, bytes + #fields[#fields]
            left, room = left - size, room - #fields[#fields]
            taken[#taken + 1] = {place - 1, entry[1], fields}
        end
        if #entries < count then break end
    end
end
return taken
"""
)

#: KEYS: the hash of what has come, the stream of the hop that joins. ARGV: the part's name, the part, how many parts
#: there must be, milliseconds to keep them, samples. The last part to come sends all of them on as one entry; a part
#: that comes twice takes its own place.
JOIN = Script(
    """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('HLEN', KEYS[1]) < tonumber(ARGV[3]) then
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
    return 0
end
local fields = {'n', ARGV[5]}
for _, part in ipairs(redis.call('HVALS', KEYS[1])) do
    fields[#fields + 1] = 'm'
    fields[#fields + 1] = part
end
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[2], '*', unpack(fields))
return 1
"""
)
