"""`python -m controlplane.embedded.clean HOME` deletes a home and its servers' data; used by `make clean`.

Runs without the installed packages, which may be gone already.
"""

import shutil
import sys
from pathlib import Path

from controlplane.embedded.errors import OperatorError
from controlplane.embedded.home import Home


def delete_home(path: Path) -> None:
    """Deletes the home at `path`, where it is one; raises OperatorError while Quartet runs on it."""
    home = Home(path.absolute())
    if not home.run.is_dir():
        return
    with home.locked():
        servers = home.embedded / "servers"
        if servers.is_symlink():
            shutil.rmtree(servers.resolve(), ignore_errors=True)
        shutil.rmtree(home.path)


if __name__ == "__main__":
    try:
        delete_home(Path(sys.argv[1]))
    except OperatorError as error:
        sys.exit(str(error))
