"""A writer of a bounded stream: what fits is written, the rest is counted, and emptying makes room again."""

from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from workers.serving import names, spool
from workers.serving.spool import Spool


def put(valkey: Redis, mine: Spool, size: int, predictions: int = 1) -> None:
    valkey.execute_command(*mine.put(b"x" * size, predictions))


def test_what_does_not_fit_is_counted_and_fits_again_when_the_stream_was_emptied(valkey: Redis) -> None:
    mine = spool.predictions(100_000)
    for _ in range(15):
        put(valkey, mine, 10_000, 4)
    assert (valkey.xlen(names.PREDICTIONS), valkey.get(names.PREDICTIONS_DROPPED)) == (10, b"20")
    mine.learn(valkey.execute_command(*mine.ask))
    put(valkey, mine, 10_000, 4)
    assert (valkey.xlen(names.PREDICTIONS), valkey.get(names.PREDICTIONS_DROPPED)) == (10, b"24")
    valkey.xtrim(names.PREDICTIONS, maxlen=0)
    mine.learn(valkey.execute_command(*mine.ask))
    put(valkey, mine, 10_000, 4)
    assert (valkey.xlen(names.PREDICTIONS), valkey.get(names.PREDICTIONS_DROPPED)) == (1, b"24")


def test_the_size_that_valkey_tells_is_that_of_what_is_in_it(valkey: Redis) -> None:
    mine = spool.kept(10**9)
    for _ in range(200):
        put(valkey, mine, 1000)
    used = valkey.execute_command(*mine.ask)
    assert 200_000 <= used <= 400_000


@given(st.integers(0, 1000), st.lists(st.integers(0, 300)))
def test_no_more_is_written_than_the_limit_allows(limit: int, sizes: list[int]) -> None:
    mine = spool.kept(limit)
    commands = [mine.put(b"x" * size, 1) for size in sizes]
    written = sum(len(command[4]) for command in commands if command[0] == "XADD")  # type: ignore[arg-type]
    assert written <= limit
    assert all(command[0] in ("XADD", "INCRBY") for command in commands)


def test_an_answer_that_is_none_changes_nothing() -> None:
    mine = spool.kept(10)
    mine.learn(ConnectionError("away"))
    assert mine.put(b"x", 1)[0] == "XADD"
