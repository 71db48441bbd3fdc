"""How a request that is answered later lies in Valkey, and the steps it takes there, each whole or not at all."""

import secrets
from typing import Any

import msgspec

from workers.serving import names
from workers.serving.valkey.address import Command

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
FINISHED = frozenset({DONE, FAILED, CANCELLED})

#: Milliseconds that an answer is kept for its caller.
KEEP_MS = 24 * 3600 * 1000


class Order(msgspec.Struct, frozen=True):
    """What was asked, without the key's secret: who asked is known by the key's number."""

    key: int
    deployment: str
    version: str | None
    headers: dict[str, str]  # those that say how the body is to be read and the answer to be told
    created: float  # unix seconds
    deadline: float  # unix seconds
    callback: int | None = None  # the webhook endpoint that is told when it is finished


class Answer(msgspec.Struct, frozen=True):
    """What became of it, as it would have been answered at once."""

    status: int
    headers: list[tuple[str, str]]
    finished: float  # unix seconds


def new_id() -> str:
    """Hard to guess, though only its own key may ask for it."""
    return f"req_{secrets.token_urlsafe(18)}"


#: KEYS: hash, queue. ARGV: order, body, milliseconds to keep, id. Both are there or neither.
_PUT = """
redis.call('HSET', KEYS[1], 'state', 'waiting', 'order', ARGV[1], 'body', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('XADD', KEYS[2], '*', 'id', ARGV[4])
"""

#: KEYS: hash. The order and body of what is still to be answered, which runs from now on; or nothing.
_BEGIN = """
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'waiting' and state ~= 'running' then return false end
redis.call('HSET', KEYS[1], 'state', 'running')
return redis.call('HMGET', KEYS[1], 'order', 'body')
"""

#: KEYS: hash, queue, news. ARGV: state, answer, body, milliseconds to keep, group, entry, what to tell or nothing. What
#: was given up stays so. Whoever asked to be told is, since the news is written in the same step.
_FINISH = """
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'waiting' or state == 'running' then
    redis.call('HSET', KEYS[1], 'state', ARGV[1], 'answer', ARGV[2], 'result', ARGV[3])
    redis.call('HDEL', KEYS[1], 'body')
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
    if ARGV[7] ~= '' then redis.call('XADD', KEYS[3], '*', 'm', ARGV[7]) end
end
redis.call('XACK', KEYS[2], ARGV[5], ARGV[6])
redis.call('XDEL', KEYS[2], ARGV[6])
return state
"""

#: KEYS: hash, news. ARGV: what to tell or nothing. Returns the state it was in.
_CANCEL = """
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'waiting' or state == 'running' then
    redis.call('HSET', KEYS[1], 'state', 'cancelled')
    redis.call('HDEL', KEYS[1], 'body')
    if ARGV[1] ~= '' then redis.call('XADD', KEYS[2], '*', 'm', ARGV[1]) end
end
return state
"""


def put(identifier: str, order: Order, body: bytes | bytearray) -> Command:
    """Keep a request and queue it."""
    keep = int((order.deadline - order.created) * 1000) + KEEP_MS
    key = names.later_key(identifier)
    return ("EVAL", _PUT, 2, key, names.LATER, msgspec.json.encode(order), bytes(body), keep, identifier)


def begin(identifier: str) -> Command:
    """Take it up: its order and body, or None when nobody waits for it any more."""
    return ("EVAL", _BEGIN, 1, names.later_key(identifier))


def finish(identifier: str, entry: bytes, answer: Answer, body: bytes, news: bytes = b"") -> Command:
    """Keep its answer, strike its id off the queue, and tell the news if there is any."""
    keys = (3, names.later_key(identifier), names.LATER, names.FINISHED)
    kept = (state_after(answer), msgspec.json.encode(answer), body, KEEP_MS)
    return ("EVAL", _FINISH, *keys, *kept, names.LATER_GROUP, entry, news)


def state_after(answer: Answer) -> str:
    """What a request is with this answer: done or failed."""
    return DONE if answer.status < 400 else FAILED


def cancel(identifier: str, news: bytes = b"") -> Command:
    """Give it up, and tell the news if there is any; the state it was in, or None where there is none such."""
    return ("EVAL", _CANCEL, 2, names.later_key(identifier), names.FINISHED, news)


def look(identifier: str) -> Command:
    """State, order, answer; see `Standing`."""
    return ("HMGET", names.later_key(identifier), "state", "order", "answer")


def result(identifier: str) -> Command:
    """The answer's body."""
    return ("HGET", names.later_key(identifier), "result")


class Standing(msgspec.Struct, frozen=True):
    """How a request stands."""

    state: str
    order: Order
    answer: Answer | None


def standing(fields: Any) -> Standing | None:
    """What `look` came back with; None where there is no such request."""
    if not isinstance(fields, list) or fields[0] is None or fields[1] is None:
        return None
    order = msgspec.json.decode(fields[1], type=Order)
    answer = msgspec.json.decode(fields[2], type=Answer) if fields[2] else None
    return Standing(fields[0].decode(), order, answer)
