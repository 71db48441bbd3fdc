"""What an upload must not hold is refused with the reason and the remedy, and leaves no version behind."""

import gzip
import io
import pickle
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from apps.registry.errors import BadContents, BadManifest, PickleRefused
from apps.registry.models import ModelVersion
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this must never run",)


@pytest.fixture
def ada(world: World, home: Path) -> Iterator[artifact.Publisher]:
    yield artifact.publisher(world.ada).send_all(artifact.files())
    assert not ModelVersion.objects.exists()
    assert not list(home.glob("artifacts/*/"))


def torch_saved(**how: bool) -> bytes:
    file = io.BytesIO()
    torch.save({"w": torch.zeros(2)}, file, **how)
    return file.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())
    return file.getvalue()


def numpy_saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


PICKLES = {
    **{f"protocol {n}": pickle.dumps(Harmful(), protocol=n) for n in range(6)},
    "torch zip": torch_saved(),
    "torch legacy": torch_saved(_use_new_zipfile_serialization=False),
    "gzip": gzip.compress(pickle.dumps(Harmful())),
    "numpy objects": numpy_saved(np.array([Harmful()], dtype=object)),
    "numpy objects in a zip": zipped("a.npy", numpy_saved(np.array([Harmful()], dtype=object))),
    "pickle in a zip": zipped("weights", pickle.dumps(Harmful())),
    "zip in a zip": zipped("inner", zipped("data.pkl", b"x")),
    "zip behind other bytes": b"\0" * 100 + zipped("data.pkl", pickle.dumps(Harmful())),
}


@pytest.mark.parametrize("kind", PICKLES)
def test_a_pickle_under_another_name_is_refused(ada: artifact.Publisher, kind: str) -> None:
    ada.send("weights/model.bin", PICKLES[kind])

    with pytest.raises(PickleRefused, match=r"weights/model\.bin") as raised:
        ada.register()
    assert "safetensors" in raised.value.remedy


@pytest.mark.parametrize("ending", ["pkl", "pickle", "pt", "pth", "ckpt", "joblib", "PKL"])
def test_a_name_that_promises_a_pickle_is_refused(ada: artifact.Publisher, ending: str) -> None:
    ada.send(f"model.{ending}", b"whatever it is")

    with pytest.raises(PickleRefused, match=f"model.{ending}"):
        ada.register()


def test_compiled_python_is_refused(ada: artifact.Publisher) -> None:
    ada.send("echo.pyc", b"\xa7\r\r\n")

    with pytest.raises(BadContents, match="compiled Python"):
        ada.register()


@pytest.mark.parametrize("content", [tarred(), gzip.compress(tarred())], ids=["tar", "tar.gz"])
def test_a_tar_archive_is_refused(ada: artifact.Publisher, content: bytes) -> None:
    ada.send("bundle", content)

    with pytest.raises(BadContents, match="tar archive"):
        ada.register()


def test_a_zip_file_that_cannot_be_read_is_refused(ada: artifact.Publisher) -> None:
    ada.send("data.zip", zipped("a", b"1" * 100)[10:])

    with pytest.raises(BadContents, match=r"data\.zip"):
        ada.register()


@pytest.mark.parametrize("cut", [0, 4, 20, -1])
def test_a_safetensors_file_that_is_cut_off_is_refused(ada: artifact.Publisher, cut: int) -> None:
    ada.send("weights/model.safetensors", artifact.safetensors()[:cut])

    with pytest.raises(BadContents, match="not a whole safetensors file"):
        ada.register()


def test_an_exported_program_that_pickled_its_inputs_is_refused_with_the_remedy(
    ada: artifact.Publisher, tmp_path: Path
) -> None:
    ada.send("model.pt2", exported(tmp_path, with_inputs=True))

    with pytest.raises(PickleRefused) as raised:
        ada.register()
    assert "example_inputs = None" in raised.value.remedy


def test_no_manifest_is_refused(world: World, home: Path) -> None:
    ada = artifact.publisher(world.ada)
    ada.send("weights.safetensors", artifact.safetensors())

    with pytest.raises(BadManifest, match=r"no model\.yaml"):
        ada.register()


def test_a_wrong_manifest_is_refused_naming_the_place(ada: artifact.Publisher) -> None:
    ada.send("model.yaml", artifact.MANIFEST.replace(b"datatype: BYTES", b"datatyp: BYTES"))

    with pytest.raises(BadManifest, match=r"inputs\[0\] has the unknown key 'datatyp'; did you mean 'datatype'\?"):
        ada.register()


def test_a_handler_that_was_not_uploaded_is_refused(ada: artifact.Publisher) -> None:
    ada.send("model.yaml", artifact.MANIFEST.replace(b"echo:Echo", b"parrot:Echo"))

    with pytest.raises(BadManifest, match=r"'preprocess' needs 'parrot\.py'"):
        ada.register()


def test_a_sample_that_was_not_uploaded_is_refused(ada: artifact.Publisher) -> None:
    image = b"inputs:\n  - {name: image, modality: image, datatype: BYTES, shape: [-1], required: false}\n"
    manifest = artifact.MANIFEST.replace(b"inputs:\n", image).replace(b"{text: hello}", b"{text: hi, image: a.png}")
    ada.send("model.yaml", manifest)

    with pytest.raises(BadManifest, match=r"'a\.png' was not uploaded"):
        ada.register()


def exported(directory: Path, *, with_inputs: bool) -> bytes:
    program = torch.export.export(torch.nn.Linear(3, 2), (torch.zeros(1, 3),))
    if not with_inputs:
        program.example_inputs = None
    torch.export.save(program, directory / "model.pt2")
    return (directory / "model.pt2").read_bytes()


def test_what_was_refused_can_be_mended_and_registered(world: World, home: Path) -> None:
    ada = artifact.publisher(world.ada).send_all(artifact.files() | {"model.yaml": b"format: 2"})
    with pytest.raises(BadManifest):
        ada.register()

    ada.send("model.yaml", artifact.MANIFEST)
    assert ada.register()[1]


def test_an_exported_program_without_pickled_inputs_is_taken(world: World, home: Path, tmp_path: Path) -> None:
    ada = artifact.publisher(world.ada).send_all(artifact.files())
    ada.send("model.pt2", exported(tmp_path, with_inputs=False))

    assert ada.register()[1]


HARMLESS = {
    "numbers": numpy_saved(np.zeros(3)),
    "arrays in a zip": zipped("a.npy", numpy_saved(np.zeros(3))),
    "text": b"cat\ndog\nRabbit\n",
    "text that looks like a pickle's words": b"cos\nsystem\n",
    "compressed text": gzip.compress(b"words"),
    "json": b'{"a": 1}',
    "nothing": b"",
    "raw numbers that begin as a pickle header": b"\x80\x02\x00\x00\x00\x00\x00\x00",
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_data_is_taken(world: World, home: Path, kind: str) -> None:
    ada = artifact.publisher(world.ada).send_all(artifact.files())
    ada.send("data.bin", HARMLESS[kind])

    assert ada.register()[1]


def test_a_safetensors_file_whose_header_is_as_long_as_a_pickle_header_reads_is_taken(world: World, home: Path) -> None:
    whole = artifact.safetensors()
    length = int.from_bytes(whole[:8], "little")
    padded = (0x0280).to_bytes(8, "little") + whole[8 : 8 + length].ljust(0x0280) + whole[8 + length :]
    ada = artifact.publisher(world.ada).send_all(artifact.files())
    ada.send("weights/model.safetensors", padded)

    assert padded[:2] == b"\x80\x02"
    assert ada.register()[1]
