"""A replica is live at boot, ready only after it has worked, and says why when it cannot become so."""

import os
import socket
from pathlib import Path

import pytest

from tests.serving import worlds
from tests.serving.planes import MANIFEST, STEPS
from tests.serving.processes import PATIENCE, Replica, Valkey, write_artifact
from workers.serving import names
from workers.serving.valkey import connect

GOOD = """
class Handler:
    def load(self, context): {load}
    def preprocess(self, sample): return sample
    def predict(self, batch): {predict}
    def postprocess(self, prediction): return {{"y": prediction["x"]}}
"""


def source(load: str = "pass", predict: str = "return batch", before: str = "") -> str:
    return before + GOOD.format(load=load, predict=predict)


@pytest.fixture
def start(tmp_path, redis_url):
    """Start a replica of an artifact with these files and changes to its spec."""
    started = []

    def start(files: dict[str, str], env: dict[str, str] | None = None, listed=None, **changes) -> Replica:
        written = write_artifact(tmp_path / "artifact", files)
        stages = [{"name": step, "handler": "handler:Handler"} for step in STEPS]
        spec = {
            "replica": "r1",
            "deployment": "d",
            "revision": 1,
            "stage": "all",
            "steps": list(STEPS),
            "directory": str(tmp_path / "artifact"),
            "files": listed or written,
            "manifest": MANIFEST | {"stages": stages},
            "stream": names.stage_stream("d", 1, "all"),
            "device": "cpu",
            "redis_url": redis_url,
        }
        started.append(Replica(spec | changes, env))
        return started[-1]

    yield start
    for replica in started:
        replica.kill()
    with connect(redis_url) as client:
        client.delete(names.stage_stream("d", 1, "all"), names.replica_key("r1"))


def failure(replica: Replica) -> dict:
    event = replica.event("failed")
    assert replica.process.wait(PATIENCE) != 0
    return event


def test_a_replica_is_live_then_ready_with_what_it_took(start):
    replica = start({"handler.py": source()})
    assert replica.event("live")["pid"] == replica.process.pid
    ready = replica.event("ready")
    assert ready["device"] == "cpu" and ready["memory_bytes"] > 1_000_000
    assert ready["load_ms"] >= 0 and ready["warmup_ms"] > 0


@pytest.fixture
def knocking(start):
    """A replica that has done all it can without Valkey, and the port where it tries to reach it."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        replica = start({"handler.py": source()}, redis_url=f"redis://127.0.0.1:{port}/0")
        door.settimeout(PATIENCE)
        door.accept()[0].close()
    assert replica.event("live") and not replica.waiting()
    return replica, port


def test_a_replica_is_not_ready_before_it_has_reached_valkey(knocking, tmp_path):
    replica, port = knocking
    (tmp_path / "valkey").mkdir()
    valkey = Valkey(tmp_path / "valkey", port=port)
    try:
        replica.event("ready")
        with connect(valkey.url) as client:
            assert client.exists(names.replica_key("r1"))
            assert client.xinfo_groups(names.stage_stream("d", 1, "all"))
    finally:
        valkey.kill()


def test_a_replica_that_never_reaches_valkey_can_be_drained(knocking):
    replica, _ = knocking
    assert replica.drain() == 0
    assert replica.event("drained") and not replica.waiting()


def test_a_changed_byte_keeps_the_replica_from_loading(start, tmp_path):
    registered = write_artifact(tmp_path / "artifact", {"handler.py": source()})
    changed = {"handler.py": source().replace("batch", "match")}
    event = failure(start(changed, listed=registered))
    assert (event["code"], event["path"]) == ("artifact_corrupt", "handler.py")


def test_a_file_that_does_not_belong_keeps_the_replica_from_loading(start, tmp_path):
    write_artifact(tmp_path / "artifact", {"extra.py": ""})
    event = failure(start({"handler.py": source()}))
    assert (event["code"], event["path"]) == ("artifact_corrupt", "extra.py")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"other.py": ""}, "cannot be imported"),
        ({"handler.py": "import nowhere_to_be_found"}, "nowhere_to_be_found"),
        ({"handler.py": "class Handler: pass"}, "has no load, preprocess, predict, postprocess"),
        ({"handler.py": "x = 1"}, "no such class"),
        ({"handler.py": source(load='raise RuntimeError("weights are bad")')}, "weights are bad"),
    ],
)
def test_a_handler_that_cannot_be_loaded_says_why(start, files, why):
    event = failure(start(files))
    assert event["code"] == "handler_failed" and why in event["message"]


def test_a_handler_that_fails_on_the_manifests_own_sample_is_never_ready(start):
    event = failure(start({"handler.py": source(predict='raise RuntimeError("not today")')}))
    assert event["code"] == "warmup_failed" and "not today" in event["message"]


def test_a_sample_that_cannot_be_read_is_told(start):
    manifest = MANIFEST | {
        "inputs": [worlds.IMAGE],
        "samples": [{"image": "samples/none.png"}],
        "stages": [{"name": step, "handler": "handler:Handler"} for step in STEPS],
    }
    event = failure(start({"handler.py": source()}, manifest=manifest))
    assert event["code"] == "warmup_failed" and "none.png" in event["message"]


@pytest.mark.parametrize("where", ["load", "predict"])
def test_lack_of_memory_is_told_apart(start, where):
    event = failure(start({"handler.py": source(**{where: "raise MemoryError('too big')"})}))
    assert event["code"] == "out_of_memory"


def test_a_handler_that_ends_the_process_is_an_engines_death(start):
    event = failure(start({"handler.py": source(load="import sys; sys.exit(0)")}))
    assert event["code"] == "engine_died"


def test_a_demanded_device_that_is_not_there_is_told(start):
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    assert failure(start({"handler.py": source()}, env=hidden, device="cuda"))["code"] == "device_missing"


def test_a_spec_that_cannot_be_read_is_told(start):
    assert failure(start({"handler.py": source()}, steps="all"))["code"] == "spec_wrong"


@pytest.mark.parametrize(
    ("declared", "modality"),
    [(worlds.IMAGE, "image/heic"), (worlds.SOUND, "audio/opus"), (worlds.CLIP, "video/quicktime")],
)
def test_an_input_of_which_no_media_type_is_decoded_is_told(start, declared, modality):
    manifest = MANIFEST | {"inputs": [declared | {"media_types": [modality]}]}
    event = failure(start({"handler.py": source()}, manifest=manifest))
    assert event["code"] == "handler_failed"
    assert f"Input '{declared['name']}' takes {modality}" in event["message"]


def test_siblings_are_importable_and_the_import_path_stays_clean(start):
    handler = source(
        before="import sys\nfrom .parts import double\nfrom .deep.part import HERE\n",
        load="assert HERE and not any('artifact' in each for each in sys.path)",
        predict="return [{'x': double(each['x'])} for each in batch]",
    )
    files = {"handler.py": handler, "parts.py": "def double(x): return 2 * x", "deep/part.py": "HERE = True"}
    start(files).event("ready")


def test_importing_the_handler_leaves_no_trace_in_the_artifact(start, tmp_path):
    start({"handler.py": source(before="from . import parts\n"), "parts.py": ""}).event("ready")
    assert sorted(path.name for path in (tmp_path / "artifact").iterdir()) == ["handler.py", "parts.py"]


def test_what_a_library_prints_does_not_disturb_the_events(start):
    load = "import os; print('hello'); os.write(1, b'from C')"
    start({"handler.py": source(load=load)}).event("ready")


def test_a_replica_may_only_use_the_threads_it_was_given(start):
    load = "import os; assert os.environ['OMP_NUM_THREADS'] == '3'; import torch; torch.ones(1)"
    check = "import torch; assert torch.get_num_threads() == 3; return batch"
    start({"handler.py": source(load=load, predict=check)}, threads=3).event("ready")


def test_the_process_is_named_after_what_it_serves(start):
    replica = start({"handler.py": source()})
    replica.event("ready")
    title = Path(f"/proc/{replica.process.pid}/cmdline").read_text().rstrip("\0")
    assert title == "quartet: replica r1 of d:1:all"
