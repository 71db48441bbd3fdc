"""What is fed to the records process is what production writes, and a loss, a double or a slow feeder is no result."""

import dataclasses

import pytest

from bench import answered
from bench.parts.record import PART, WANTED
from bench.recorded import Found, fault
from bench.verdicts import judge
from workers import describe
from workers.serving import record

WHOLE = Found(rows=1000, counted=1000, lost=0, kept=10)


def test_a_batch_is_read_as_a_replicas_is_and_has_no_id_twice() -> None:
    answers = answered.batch(1000)
    assert record.decode_records(record.encode_records(answers)) == answers
    assert len({each.asked.id for each in answers}) == 1000


def test_about_one_in_a_hundred_has_its_input_kept() -> None:
    assert 100 < len(answered.kept(answered.batch(20_000))) < 300


def test_kept_inputs_are_pictures_that_can_be_described_no_two_alike() -> None:
    entries = [record.decode_kept(raw) for raw in answered.kept(answered.batch(2_000))]
    contents = [
        describe.content(entry.modalities[name], tensor)
        for entry in entries
        for sample in entry.samples
        for name, tensor in sample.items()
    ]
    assert {each.media_type for each in contents} == {"image/png"}
    assert all("problem" not in each.descriptors and each.descriptors["signals"] for each in contents)
    assert all(2_000 < len(each.raw) < 8_000 for each in contents)
    assert len({each.raw for each in contents}) == len(contents)


def test_where_all_that_was_written_is_there_once_nothing_is_wrong() -> None:
    assert fault(WHOLE, written=1000, kept=10) is None


@pytest.mark.parametrize(
    "changes",
    [{"rows": 999}, {"rows": 1001}, {"counted": 1001}, {"lost": 1}, {"kept": 9}],
    ids=["a row is lost", "a row is too many", "one counts twice", "one was dropped", "an input is lost"],
)
def test_what_is_not_there_once_is_told(changes: dict[str, int]) -> None:
    told = fault(dataclasses.replace(WHOLE, **changes), written=1000, kept=10)
    assert told
    assert str(*changes.values()) in told


@pytest.mark.parametrize(("recorded", "reached"), [(WANTED, True), (0.9 * WANTED, False)])
def test_who_records_fewer_a_second_than_asked_for_misses_a_target_of_each_row(recorded: float, reached: bool) -> None:
    rows = {target.row: {"steady_rps": [recorded]} for target in PART.targets}
    found = [verdict.reached for verdict in judge(PART, rows) if verdict.found]
    assert found == [reached] * 2
