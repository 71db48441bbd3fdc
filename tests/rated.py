"""A source distribution of rated sentences as vaderSentiment's is, with rows of a test's own."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from workers.training.sentences import DOMAINS

_INSIDE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"


def sdist(path: Path, rows: Mapping[str, Sequence[tuple[float, str]]]) -> Path:
    """Domain -> (rating, sentence) in the order of its file."""
    files = {f"x/{DOMAINS[domain]}": _text(found).encode() for domain, found in rows.items()}
    path.write_bytes(_packed({_INSIDE: _packed(files)}))
    return path


def _text(rows: Sequence[tuple[float, str]]) -> str:
    return "\n".join(f"{number}\t{rating}\t{sentence}" for number, (rating, sentence) in enumerate(rows))


def _packed(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()
