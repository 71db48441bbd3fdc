"""`python -m controlplane.embedded.clean HOME` deletes a home and its servers' data; used by `make clean`.

Runs without the installed packages, which may be gone already.
"""

import shutil
import sys
from contextlib import suppress
from pathlib import Path

from controlplane.embedded.errors import OperatorError
from controlplane.embedded.home import OURS, Home


def delete_home(path: Path) -> None:
    """Deletes the home at `path`, where it is one, and nothing else that lies there.

    Raises OperatorError while Quartet runs on it.
    """
    home = Home(path.absolute())
    if not home.exists:
        return
    with home.locked():
        servers = home.embedded / "servers"
        if servers.is_symlink():
            shutil.rmtree(servers.resolve(), ignore_errors=True)
        for name in OURS:
            _delete(home.path / name)
    with suppress(OSError):  # somebody else's things are in it
        home.path.rmdir()


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        delete_home(Path(sys.argv[1]))
    except OperatorError as error:
        sys.exit(str(error))
