"""Gives the test run real PostgreSQL and Valkey: those of DATABASE_URL and REDIS_URL, or embedded ones of its own.

Loaded with `-p tests.servers`, before pytest-django reads the settings.
"""

import atexit
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

_stack = ExitStack()


def _start() -> None:
    home = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="quartet-test-")))
    home.chmod(0o755)
    os.environ["QUARTET_HOME"] = str(home)
    os.environ.setdefault("QUARTET_SECRET_KEY", "only-for-tests-" + "x" * 40)
    # Test databases are dropped at the end; a pool would hold on to them.
    os.environ["QUARTET_DATABASE_POOL"] = "False"
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        from controlplane.embedded.servers import servers

        os.environ.update(_stack.enter_context(servers(home)))
    atexit.register(_stack.close)


_start()
