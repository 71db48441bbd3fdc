"""The command that every module of this package is: `--to DIR`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from workers.artifact_directory import DirectoryUnusable, written_whole
from workers.models.source import SourceUnusable
from workers.training.digits_av.speech import SpeechError


def run(build: Callable[[Path], None], about: str, arguments: Sequence[str] | None = None) -> int:
    """Build into a new directory. Exit status: 0 built, 1 a package or the machine failed us, 2 wrong arguments."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--to", type=Path, required=True, help="the artifact's directory; must not exist or be empty")
    directory = parser.parse_args(arguments).to
    try:
        with written_whole(directory) as unfinished:
            build(unfinished)
    except DirectoryUnusable as error:
        return _fail(2, error)
    except (SourceUnusable, SpeechError, OSError) as error:
        return _fail(1, error)
    print(f"{directory} is ready to be registered.")
    return 0


def _fail(status: int, error: Exception) -> int:
    print(f"Nothing was built: {error}", file=sys.stderr)
    return status
