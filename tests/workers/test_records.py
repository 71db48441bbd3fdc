"""The records loop against a real Valkey and PostgreSQL: nothing lost, nothing recorded twice."""

import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from redis import Redis

from apps.datasets import store
from apps.datasets.models import Asset
from apps.inference.models import Feedback, KeptInput, Mirror, Prediction, RecordTally
from apps.inference.services import Given, feedback_give
from tests.live.artifact import picture
from tests.workers.written import said, write, write_kept
from tests.world import World
from workers import records, stream_reader
from workers.records import Records
from workers.serving import names, record
from workers.stream_reader import GROUP, StreamReader

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Nobody waits: for news, for the dead, for the next look around."""
    monkeypatch.setattr(stream_reader, "_ABANDONED_MS", 0)
    for name in ("_CLAIM_EVERY", "_LOOK_EVERY"):
        monkeypatch.setattr(records, name, 0.0)
    monkeypatch.setattr(records, "_BLOCK_MS", 1)


@pytest.fixture
def loop(valkey: Redis) -> Records:
    """After its first turn, which makes the groups."""
    loop = Records(valkey, "one", threading.Event())
    loop.turn()
    return loop


def left(valkey: Redis, stream: str = names.PREDICTIONS) -> tuple[int, int]:
    """Entries that are there, and those of them delivered and not acknowledged."""
    pending: Any = valkey.xpending(stream, GROUP)
    length: Any = valkey.xlen(stream)
    return int(length), int(pending["pending"])


def ids() -> set[bytes]:
    return {row.id.bytes for row in Prediction.objects.all()}


def test_what_replicas_write_is_recorded_and_goes_from_the_stream(loop: Records, valkey: Redis) -> None:
    written = [said(), said(), said(subject="s-1")]
    write(valkey, *written[:2])
    write(valkey, written[2])
    loop.turn()
    assert ids() == {each.asked.id for each in written}
    assert left(valkey) == (0, 0)
    row = Prediction.objects.get(subject="s-1")
    assert (row.deployment, row.version, row.inputs, row.missing) == ("digits", 1, ["image"], ["sound"])
    assert (row.labels, row.confidences, row.latency_ms) == (["7"], [0.75], 4.0)


def test_what_was_muted_of_a_prediction_is_recorded_with_it(loop: Records, valkey: Redis) -> None:
    both = {"inputs": ("image", "sound"), "missing": (), "muted": ("sound",)}
    write(valkey, said(subject="left out", **both), said(subject="used", **(both | {"muted_used": True})), said())
    loop.turn()
    told = {row.subject: (row.muted, row.muted_used) for row in Prediction.objects.all()}
    assert told == {"left out": (["sound"], False), "used": (["sound"], True), "": ([], False)}


def test_a_mirror_is_recorded_beside_the_prediction_and_once(loop: Records, valkey: Redis) -> None:
    served = said(subject="s-1")
    write(valkey, served)
    for _ in range(2):
        write(valkey, said(served.asked.id, revision=2, mirrored=0.003))
    loop.turn()
    assert (ids(), RecordTally.objects.get().recorded) == ({served.asked.id}, 1)
    row = Mirror.objects.get()
    assert (row.prediction.bytes, row.revision, row.labels, row.confidences) == (served.asked.id, 2, ["7"], [0.75])
    assert (row.busy_ms, row.live_busy_ms) == (4.0, 3.0)


def test_what_was_computed_twice_is_recorded_once(loop: Records, valkey: Redis) -> None:
    identifier = record.new_id()
    write(valkey, said(identifier))
    write(valkey, said(identifier))
    loop.turn()
    assert Prediction.objects.count() == 1


def test_one_killed_before_committing_has_an_heir(loop: Records, valkey: Redis) -> None:
    written = said()
    write(valkey, written)
    assert len(StreamReader(valkey, names.PREDICTIONS, "dead").news(1)) == 1
    loop.turn()
    assert (ids(), left(valkey)) == ({written.asked.id}, (0, 0))


def test_one_killed_before_acknowledging_has_recorded_once(loop: Records, valkey: Redis) -> None:
    write(valkey, said())
    records.record_all(StreamReader(valkey, names.PREDICTIONS, "dead").news(1))
    loop.turn()
    assert (Prediction.objects.count(), left(valkey)) == (1, (0, 0))


def test_while_the_database_is_away_the_stream_is_left_as_it_is(
    loop: Records, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: Any) -> int:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(records, "_RECORD_ENTRIES", 2)
    loop = Records(valkey, "two", threading.Event())
    written = [said() for _ in range(10)]
    for each in written:
        write(valkey, each)
    with monkeypatch.context() as patched:
        patched.setattr(records, "predictions_add", away)
        for _ in range(5):
            with pytest.raises(OperationalError):
                loop.turn()
    assert left(valkey) == (10, 2)
    for _ in range(8):
        loop.turn()
    assert (ids(), left(valkey)) == ({each.asked.id for each in written}, (0, 0))


@pytest.mark.parametrize("body", [b"", b"\xc1", b"[]", b"\x91\x01"])
def test_an_entry_that_cannot_be_read_holds_nothing_up(loop: Records, valkey: Redis, body: bytes) -> None:
    for stream in (names.PREDICTIONS, names.KEPT):
        valkey.xadd(stream, {"m": body})
    write(valkey, said())
    loop.turn()
    assert (Prediction.objects.count(), left(valkey), left(valkey, names.KEPT)) == (1, (0, 0), (0, 0))


def test_an_id_that_tells_no_time_holds_nothing_up(loop: Records, valkey: Redis) -> None:
    write(valkey, said(b"\xff" * 16), said())
    loop.turn()
    assert (Prediction.objects.count(), RecordTally.objects.get().refused) == (1, 1)


def test_it_goes_on_after_valkey_lost_its_data(loop: Records, valkey: Redis) -> None:
    valkey.delete(names.PREDICTIONS, names.KEPT)
    write(valkey, said())
    loop.turn()
    loop.turn()
    assert Prediction.objects.count() == 1


def test_feedback_that_waited_is_bound_with_the_record(loop: Records, valkey: Redis, world: World) -> None:
    written = said()
    feedback_give(actor=world.ada, allowed=[], rows=[Given(UUID(bytes=written.asked.id), "7")])
    write(valkey, written)
    loop.turn()
    assert Feedback.objects.get().deployment == "digits"


def test_kept_inputs_become_assets_whether_they_come_first_or_last(loop: Records, valkey: Redis) -> None:
    first, last = said(), said()
    write_kept(valkey, first.asked.id, picture())
    loop.turn()
    write(valkey, first, last)
    loop.turn()
    write_kept(valkey, last.asked.id, picture())
    write_kept(valkey, last.asked.id, picture())
    loop.turn()
    asset = Asset.objects.get()
    assert store.read(asset.pk) == picture()
    assert (asset.media_type, asset.descriptors["modality"]) == ("image/png", "image")
    assert {row.prediction.bytes for row in KeptInput.objects.all()} == {first.asked.id, last.asked.id}
    assert left(valkey, names.KEPT) == (0, 0)


def test_what_was_dropped_is_carried_over(loop: Records, valkey: Redis) -> None:
    valkey.incrby(names.PREDICTIONS_DROPPED, 5)
    loop.turn()
    valkey.incrby(names.KEPT_DROPPED, 2)
    loop.turn()
    tally = RecordTally.objects.get()
    assert (tally.dropped, tally.kept_dropped) == (5, 2)


def test_kept_inputs_that_wait_do_not_wait_for_the_next_prediction(
    loop: Records, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int | None] = []
    news = loop._predictions._stream.news
    monkeypatch.setattr(loop._predictions._stream, "news", lambda block: waited.append(block) or news(block))
    for _ in range(2 * records._KEPT_ENTRIES):
        write_kept(valkey, said().asked.id, picture())
    for _ in range(4):
        loop.turn()
    assert KeptInput.objects.count() == 2 * records._KEPT_ENTRIES
    assert waited == [records._BLOCK_MS, None, None, records._BLOCK_MS]
