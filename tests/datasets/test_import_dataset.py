"""A directory that lists its samples is frozen as it is told."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.datasets.models import Asset, DatasetVersion
from apps.datasets.selectors import version_samples
from tests.rated import sdist
from tests.world import World
from workers.training.sentences import main

pytestmark = pytest.mark.django_db


def directory(path: Path, *lines: object) -> Path:
    path.mkdir(exist_ok=True)
    (path / "7.png").write_bytes(b"a picture")
    (path / "samples.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return path


def imported(path: Path, *more: str, name: str = "digits") -> str:
    told = io.StringIO()
    call_command("import_dataset", str(path), "--name", name, "--actor", "ada", *more, stdout=told)
    return told.getvalue()


SEVEN = {"inputs": {"image": "7.png", "caption": {"text": "seven"}}, "label": 7, "slices": ["clean"]}


def test_its_files_become_assets_and_its_lines_samples(world: World, home: Path, tmp_path: Path) -> None:
    said = imported(directory(tmp_path / "set", SEVEN, SEVEN | {"inputs": {"caption": {"text": "one"}}, "label": "1"}))
    version = DatasetVersion.objects.get()
    assert said == f"digits/1 frozen: 2 samples, {version.digest}\n"
    by_label = {sample.label: sample for sample in version_samples(version)}
    assert by_label["7"].slices == ("clean",) and by_label["7"].declared
    types = {name: Asset.objects.get(pk=sha256).media_type for name, sha256 in by_label["7"].inputs.items()}
    assert types == {"image": "image/png", "caption": "text/plain; charset=utf-8"}
    assert "was frozen before" in imported(tmp_path / "set")


def test_what_stands_in_another_version_is_left_out(world: World, home: Path, tmp_path: Path) -> None:
    imported(directory(tmp_path / "set", SEVEN), name="measure")
    with pytest.raises(CommandError, match="no labelled sample"):
        imported(tmp_path / "set", "--without", "measure/1")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"inputs": {"image": "8.png"}, "label": "8"}, "Line 1 .*8.png"),
        ({"inputs": {"image": "../secret"}, "label": "8"}, "outside the directory"),
        ({"inputs": {"image": "7.png"}}, "Line 1 .* KeyError: 'label'"),
        (["no object"], "Line 1"),
    ],
)
def test_a_line_that_cannot_be_taken_is_named(
    world: World, home: Path, tmp_path: Path, line: object, told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        imported(directory(tmp_path / "set", line))
    assert not DatasetVersion.objects.exists()


def test_rated_sentences_become_a_set_without_those_in_between(world: World, home: Path, tmp_path: Path) -> None:
    films = [(rating, f"a film of {n}") for n, rating in enumerate([3.1, -2.0, 0.2, 1.0, -0.7] * 20)]
    rated = sdist(tmp_path / "sdist.tar.gz", {"films": films})
    counted = {}
    for part in ("train", "measure"):
        told = ["--sdist", str(rated), "--domain", "films", "--part", part, "--to", str(tmp_path / part)]
        assert main(told) == 0
        imported(tmp_path / part, name=part)
        counted[part] = DatasetVersion.objects.get(dataset__name=part)
    assert sum(version.samples_count for version in counted.values()) == 80
    assert counted["train"].counts["slices"] == {"films": counted["train"].samples_count}
    assert set(counted["train"].counts["labels"]) == {"positive", "negative"}
