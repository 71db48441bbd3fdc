"""An accelerator worker as the product starts it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from django.db import connection

from tests.workers.hosting import NODE

ROOT = Path(__file__).parents[2]


class Worker:
    """`python -m controlplane.process accelerator` on the test's database and broker."""

    def __init__(self, home: Path, node: str = NODE) -> None:
        self._log = (home / "worker.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "controlplane.process", "accelerator"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": _database_url(), "QUARTET_HOME": str(home), "QUARTET_NODE": node},
            stderr=self._log,
        )

    def end(self, how: signal.Signals) -> None:
        """Send it a signal and wait for its end."""
        self.process.send_signal(how)
        self.process.wait(30)
        self._log.close()


def _database_url() -> str:
    its = connection.settings_dict
    secret = f":{its['PASSWORD']}" if its["PASSWORD"] else ""
    return f"postgresql://{its['USER']}{secret}@{its['HOST']}:{its['PORT']}/{its['NAME']}"
