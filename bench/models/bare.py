"""The limit of every server: the model alone, in a loop, batches as large as a server's largest. Prints JSON.

python -m bench.models.bare SECONDS BATCH
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.models import chosen
from bench.text import TEXT


def main(seconds: float, batch: int) -> None:
    predict = chosen()
    texts = [TEXT] * batch
    tell(lambda: len(predict(texts).tolist()), seconds, lambda: predict([TEXT])[0].tolist())


def tell(batch: Callable[[], int], seconds: float, answer: Callable[[], list[float]]) -> None:
    """Run batches for so long and print what came of it; `batch` gives the number of its samples."""
    for _ in range(3):
        batch()
    done, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        done += batch()
    print(json.dumps({"rps": done / took if done else 0.0, "rss_mb": _resident(), "answer": answer()}))


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
