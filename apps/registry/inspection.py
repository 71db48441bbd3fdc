"""Looks at the files of an upload on disk: gathers for `rules` what they decide on."""

import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.registry.errors import BadContents, BadManifest
from apps.registry.rules import yaml_reader
from apps.registry.rules.contents import HEAD, Member, Probe, contents_check
from apps.registry.rules.infer_manifest import manifest_infer
from apps.registry.rules.manifest import Manifest, manifest_parse
from apps.registry.rules.paths import path_check, tree_check
from apps.registry.rules.safetensors_header import LONGEST_HEADER, header_length

_MOST_MEMBERS = 10_000
_MEMBER_HEAD = 4096
_LONGEST_CONFIG = 4 * 1024**2
#: What only a publisher of code may bring: Python, and libraries that Python could load.
_CODE_ENDINGS = (".py", ".so", ".dylib", ".dll", ".pyd")

#: Where the file of a path lies on disk.
Locate = Callable[[str], Path]


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an artifact is: its manifest, and whether it brings code."""

    manifest: Manifest
    has_code: bool


def artifact_inspect(paths: Iterable[str], locate: Locate, model_name: str) -> Inspected:
    """Check every file of an artifact and read or infer its manifest.

    Raises BadPath, PickleRefused, BadContents or BadManifest. `model_name` names an inferred manifest.
    """
    listed = [path_check(path) for path in paths]
    tree_check(listed)
    for path in listed:
        contents_check(file_probe(path, locate(path)))
    manifest = _manifest(set(listed), locate, model_name)
    _check_references(manifest, set(listed))
    return Inspected(manifest, any(path.lower().endswith(_CODE_ENDINGS) for path in listed))


def file_probe(path: str, location: Path) -> Probe:
    """The first bytes of a file and, when it is a zip file, of its entries."""
    size = location.stat().st_size
    with location.open("rb") as handle:
        head = handle.read(HEAD)
        if path.lower().endswith(".safetensors"):
            head += handle.read(max(0, 8 + min(header_length(head), LONGEST_HEADER) - len(head)))
    return Probe(path, size, head, _members(path, location))


def _members(path: str, location: Path) -> tuple[Member, ...]:
    # A zip file is read from its end, so one can begin as something else.
    if not zipfile.is_zipfile(location):
        return ()
    try:
        with zipfile.ZipFile(location) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_MEMBERS:
                raise BadContents(f"'{path}' is a zip file of more than {_MOST_MEMBERS} entries.")
            return tuple(Member(entry.filename, _member_head(archive, entry)) for entry in entries)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise BadContents(f"'{path}' is a zip file that cannot be read: {error}.") from error


def _member_head(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as member:
        return member.read(_MEMBER_HEAD)


def _manifest(paths: set[str], locate: Locate, model_name: str) -> Manifest:
    if "model.yaml" in paths:
        with locate("model.yaml").open("rb") as handle:
            return manifest_parse(handle.read(yaml_reader.LONGEST + 1))
    if "config.json" in paths:
        preprocessor = _json(locate("preprocessor_config.json")) if "preprocessor_config.json" in paths else {}
        return manifest_infer(model_name, _json(locate("config.json")), preprocessor)
    raise BadManifest(
        "There is no model.yaml at the top of the upload, nor a transformers config.json to infer one from.",
        remedy="Add a model.yaml, or upload the directory that save_pretrained wrote.",
    )


def _json(location: Path) -> dict[str, Any]:
    with location.open("rb") as handle:
        raw = handle.read(_LONGEST_CONFIG + 1)
    try:
        data = json.loads(raw) if len(raw) <= _LONGEST_CONFIG else None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise BadManifest(
            f"'{location.name}' is not a JSON object of at most 4 MiB.",
            remedy="Save the model again, or add a model.yaml.",
        )
    return data


def _check_references(manifest: Manifest, paths: set[str]) -> None:
    for stage in manifest.stages:
        if stage.source and stage.source not in paths:
            raise BadManifest(f"model.yaml: the stage '{stage.name}' needs '{stage.source}', which was not uploaded.")
    for path in manifest.sample_files():
        if path not in paths:
            raise BadManifest(f"model.yaml: the sample file '{path}' was not uploaded.")
