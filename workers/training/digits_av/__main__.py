"""Train "digits seen and heard" and write it as an artifact. The last line printed is a JSON report.

From scratch: `python -m workers.training.digits_av --out v1`. Onwards, a short fine-tune: `... --out v2 --from v1`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workers.artifact_directory import DirectoryUnusable
from workers.training.digits_av.speech import SpeechError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 trained, 1 the machine failed us, 2 wrong arguments; the reason goes to standard error."""
    options = _parser().parse_args(arguments)
    import torch  # after the arguments are known to be right: it takes seconds

    from workers.training.digits_av.job import Job, NotAnArtifact, run

    torch.set_num_threads(options.threads)
    job = Job(options.out, options.seed, options.parent, options.steps, options.cache, options.flavour)
    try:
        report = run(job, _tell_json if options.progress == "json" else _tell_text)
    except (DirectoryUnusable, NotAnArtifact) as error:
        return _fail(2, error)
    except (SpeechError, OSError) as error:
        return _fail(1, error)
    print(json.dumps(report), flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers.training.digits_av", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the artifact's directory; must not exist or be empty")
    parser.add_argument("--from", dest="parent", type=Path, help="an earlier artifact to continue from")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and the order of samples (default 0)")
    parser.add_argument("--steps", type=_positive, help="training steps instead of the usual number")
    parser.add_argument("--threads", type=_positive, default=1, help="one (default) makes a seed's weights repeatable")
    parser.add_argument(
        "--flavour", choices=("pairs", "clips"), default="pairs", help="asked with picture and sound files, or videos"
    )
    parser.add_argument("--cache", type=Path, help="where speech is kept between runs (default: QUARTET_HOME/cache)")
    parser.add_argument("--progress", choices=("text", "json"), default="text", help="how to tell the progress")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not above zero")
    return number


def _tell_text(phase: str, **numbers: Any) -> None:
    print(" ".join([f"{phase:9}", *(f"{name} {value}" for name, value in numbers.items())]), flush=True)


def _tell_json(phase: str, **numbers: Any) -> None:
    print(json.dumps({"event": "progress", "phase": phase, **numbers}), flush=True)


def _fail(status: int, error: Exception) -> int:
    print(f"Training stopped: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
