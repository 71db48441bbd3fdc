"""The audit chain's and the relay's arithmetic."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.core.rules import GENESIS, entry_hash, first_break, retry_pause

FIELDS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3)
Link = tuple[int, str, str, dict[str, object]]


def chain(bodies: list[dict[str, object]]) -> list[Link]:
    links: list[Link] = []
    previous = GENESIS
    for number, body in enumerate(bodies, start=1):
        own = entry_hash(previous, body)
        links.append((number, previous, own, body))
        previous = own
    return links


@given(st.lists(FIELDS))
def test_an_untouched_chain_is_whole(bodies: list[dict[str, object]]) -> None:
    assert first_break(chain(bodies)) is None


@given(st.lists(FIELDS, min_size=1), st.data())
def test_any_changed_body_is_found_at_its_place(bodies: list[dict[str, object]], data: st.DataObject) -> None:
    links = chain(bodies)
    at = data.draw(st.integers(0, len(links) - 1))
    sequence, previous, own, body = links[at]
    links[at] = (sequence, previous, own, {**body, "forged field": 1})
    assert first_break(links) == at + 1


@given(st.integers(1, 10_000))
def test_pauses_grow_and_stay_under_five_minutes(attempts: int) -> None:
    assert timedelta(seconds=1) <= retry_pause(attempts) <= retry_pause(attempts + 1) <= timedelta(minutes=5)
