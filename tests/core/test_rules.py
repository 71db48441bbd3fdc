"""The audit chain's and the relay's arithmetic."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.core.rules import GENESIS, Head, entry_hash, first_break, retry_pause

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


def test_an_entry_written_before_numbers_had_one_spelling_keeps_its_hash() -> None:
    fields = {"sequence": 1, "detail": {"share": 0.05, "b": [1.0, -2, 1e-07, None, True, "\xe4"], "a": 10**22}}
    assert entry_hash(GENESIS, fields) == "36ad94a00181b2233ab23e0754b372dc27b0b2829b758adab0a7ba11551aab8d"


@given(st.lists(FIELDS))
def test_an_untouched_chain_is_whole(bodies: list[dict[str, object]]) -> None:
    assert first_break(chain(bodies)) is None


@given(st.lists(FIELDS, min_size=1), st.data())
def test_any_changed_body_is_found_at_its_place(bodies: list[dict[str, object]], data: st.DataObject) -> None:
    links = chain(bodies)
    at = data.draw(st.integers(0, len(links) - 1))
    sequence, previous, own, body = links[at]
    links[at] = (sequence, previous, own, {**body, "forged field": 1})
    broken = first_break(links)
    assert broken is not None
    assert (broken.sequence, "changed" in broken.words) == (at + 1, True)


@given(st.lists(FIELDS, min_size=1), st.data())
def test_any_entry_taken_out_is_found_when_the_head_is_known(
    bodies: list[dict[str, object]], data: st.DataObject
) -> None:
    links = chain(bodies)
    at = data.draw(st.integers(0, len(links) - 1))
    head = Head(links[-1][0], links[-1][2])
    broken = first_break(links[:at] + links[at + 1 :], [head])
    assert broken is not None
    assert (broken.sequence, "missing" in broken.words) == (at + 1, True)


@given(st.lists(FIELDS, min_size=2, unique_by=repr), st.data())
def test_any_two_entries_that_changed_places_are_found_at_the_first(
    bodies: list[dict[str, object]], data: st.DataObject
) -> None:
    links = chain(bodies)
    one, other = sorted(data.draw(st.sets(st.integers(0, len(links) - 1), min_size=2, max_size=2)))
    moved = list(links)
    moved[one], moved[other] = (one + 1, *links[other][1:]), (other + 1, *links[one][1:])
    broken = first_break(moved)
    assert broken is not None
    assert (broken.sequence, "order" in broken.words) == (one + 1, True)


@given(st.lists(FIELDS, min_size=1), st.lists(FIELDS, min_size=1), st.data())
def test_a_chain_rewritten_as_a_whole_is_found_by_a_head_kept_elsewhere(
    bodies: list[dict[str, object]], others: list[dict[str, object]], data: st.DataObject
) -> None:
    links, rewritten = chain(bodies), chain(others)
    kept = data.draw(st.integers(0, len(links) - 1))
    head = Head(kept + 1, links[kept][2])
    same = kept < len(rewritten) and rewritten[kept][2] == head.hash
    assert first_break(rewritten) is None
    assert (first_break(rewritten, [head]) is None) == same


@given(st.integers(1, 10_000))
def test_pauses_grow_and_stay_under_five_minutes(attempts: int) -> None:
    assert timedelta(seconds=1) <= retry_pause(attempts) <= retry_pause(attempts + 1) <= timedelta(minutes=5)
