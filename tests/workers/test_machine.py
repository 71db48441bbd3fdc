"""What a node says of itself: its processor, its memory, and the accelerators that nvidia-smi names."""

import os
from pathlib import Path

import psutil
import pytest

from workers import machine

SMI = """#!/bin/sh
echo "0, GPU-aaaa, NVIDIA L4, 23034, 22500"
echo "1, GPU-bbbb, NVIDIA L4, 23034, 100"
"""


@pytest.fixture
def two_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose nvidia-smi names two devices."""
    install(tmp_path, monkeypatch, SMI)


def install(directory: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    program = directory / "nvidia-smi"
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def cgroup(directory: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    monkeypatch.setattr(machine, "_CGROUP", directory)
    for name, text in files.items():
        (directory / name.replace("_", ".")).write_text(text)


def test_without_accelerators_it_is_a_cpu_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    facts = machine.facts(slots=8)
    assert (facts.device_classes, facts.devices, facts.slots) == (["cpu"], [], 8)
    assert 0 < facts.memory_free <= facts.memory_total <= psutil.virtual_memory().total
    assert 1 <= facts.cores <= (os.cpu_count() or 1)


def test_accelerators_are_named_as_replicas_will_see_them(two_devices: None) -> None:
    assert machine.facts(1).device_classes == ["cpu", "cuda"]
    first, second = machine.devices()
    assert (first["name"], first["class"], first["model"]) == ("cuda:0", "cuda", "NVIDIA L4")
    assert (second["name"], second["memory_free"]) == ("cuda:1", 100 * 1024**2)


@pytest.mark.parametrize("untold", ["[N/A]", "[Not Supported]"])
def test_a_device_that_does_not_tell_its_memory_is_left_out_and_the_others_keep_their_names(
    two_devices: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untold: str
) -> None:
    install(tmp_path, monkeypatch, SMI.replace("22500", untold))
    assert [device["name"] for device in machine.devices()] == ["cuda:1"]


@pytest.mark.parametrize(
    ("visible", "free"), [("1", [100]), ("GPU-bbbb,GPU-aaaa", [100, 22500]), ("", []), ("1, 0", [100, 22500])]
)
def test_only_visible_accelerators_count_in_their_order(
    two_devices: None, monkeypatch: pytest.MonkeyPatch, visible: str, free: list[int]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [device["memory_free"] // 1024**2 for device in machine.devices()] == free


def test_a_replica_sees_the_one_it_was_given(two_devices: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.visible_devices("cuda:1") == "1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-bbbb, GPU-aaaa")
    assert machine.visible_devices("cuda:1") == "GPU-aaaa"
    assert machine.visible_devices("cpu") == ""


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 9\n", "#!/bin/sh\necho No devices were found\n", "not a program"])
def test_an_nvidia_smi_that_does_not_work_means_no_accelerator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    install(tmp_path, monkeypatch, text)
    assert machine.devices() == []


def test_in_a_container_its_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, used, cache = 512 * 1024**2, 200 * 1024**2, 50 * 1024**2
    cgroup(
        tmp_path,
        monkeypatch,
        memory_max=f"{limit}\n",
        memory_current=f"{used}\n",
        memory_stat=f"anon 1\ninactive_file {cache}\n",
        cpu_max="100000 100000\n",
    )
    assert machine.memory() == (limit, limit - used + cache)
    assert machine.cores() == 1


def test_without_a_limit_the_machine_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cgroup(tmp_path, monkeypatch, memory_max="max\n", memory_current="1\n", cpu_max="max 100000\n")
    assert machine.memory()[0] == psutil.virtual_memory().total
    assert machine.cores() == len(os.sched_getaffinity(0))
