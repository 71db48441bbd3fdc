"""Finds Chromium for the browser tests, or installs it from Debian's packages; prints the path of its executable.

The path is kept in .cache/chromium-path. Root installs the package; an ordinary user, who may not, gets it and the
libraries that the system lacks unpacked under .cache/chromium. QUARTET_CHROMIUM names an executable to use instead.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from shlex import quote
from xml.sax.saxutils import escape

CACHE = Path(__file__).resolve().parents[2] / ".cache"
PRIVATE = CACHE / "chromium"
FOUND = CACHE / "chromium-path"
_LAUNCHER = """#!/bin/sh
# The libraries and fonts of the packages that the system itself lacks.
export LD_LIBRARY_PATH={libraries}
export FONTCONFIG_FILE={fonts}
exec {root}/usr/lib/chromium/chromium "$@"
"""
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>{root}/usr/share/fonts</dir>
  <cachedir>{root}/font-cache</cachedir>
</fontconfig>
"""


def find_or_install() -> Path:
    """The executable, which is known to start."""
    named = os.environ.get("QUARTET_CHROMIUM")
    if named:
        return _proven(Path(named))
    installed = shutil.which("chromium") or shutil.which("chromium-browser")
    if installed:
        return _proven(Path(installed))
    if not shutil.which("apt-get"):
        raise SystemExit("Chromium is missing, and apt-get too. Install it, or name an executable in QUARTET_CHROMIUM.")
    return _proven(_install() if os.geteuid() == 0 else install_privately())


def install_privately() -> Path:
    """Unpacks Chromium under .cache/chromium without any right to the system; returns a script that runs it."""
    launcher = PRIVATE / "chromium"
    if not launcher.exists():
        shutil.rmtree(PRIVATE, ignore_errors=True)
        _unpack(_download(PRIVATE / "download"), PRIVATE / "root")
        shutil.rmtree(PRIVATE / "download")
        _write_launcher(launcher, PRIVATE / "root")
    return launcher


def _install() -> Path:
    _run("apt-get", "update")
    _run("apt-get", "install", "--yes", "--no-install-recommends", "chromium")
    return Path("/usr/bin/chromium")


def _download(place: Path) -> list[Path]:
    """Chromium's package and those it needs that are not installed. apt keeps its lists and locks in `place`."""
    (place / "lists" / "partial").mkdir(parents=True)
    (place / "archives" / "partial").mkdir(parents=True)
    own = [f"Dir::State::Lists={place}/lists", f"Dir::Cache={place}", f"Dir::Cache::Archives={place}/archives"]
    options = [part for option in [*own, "Debug::NoLocking=1"] for part in ("-o", option)]
    _run("apt-get", *options, "update")
    _run("apt-get", *options, "install", "--download-only", "--yes", "--no-install-recommends", "chromium")
    return sorted((place / "archives").glob("*.deb"))


def _unpack(packages: list[Path], root: Path) -> None:
    for package in packages:
        _run("dpkg-deb", "--extract", str(package), str(root))


def _write_launcher(launcher: Path, root: Path) -> None:
    fonts = root / "fonts.conf"
    fonts.write_text(_FONTS.format(root=escape(str(root))))
    # Some libraries sit in directories of their own, which their users know only by their system-wide path.
    libraries = ":".join(sorted({str(library.parent) for library in root.rglob("lib*.so*")}))
    launcher.write_text(_LAUNCHER.format(root=quote(str(root)), libraries=quote(libraries), fonts=quote(str(fonts))))
    launcher.chmod(0o755)


def _proven(executable: Path) -> Path:
    result = subprocess.run([executable, "--version"], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{executable} does not start: {result.stderr.strip()[-500:]}")
    return executable


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    if result.returncode != 0:
        raise SystemExit(f"Chromium could not be installed. `{' '.join(command)}` said: {result.stderr.strip()[-800:]}")


if __name__ == "__main__":
    print("Looking for Chromium, and installing it where missing", file=sys.stderr)
    path = find_or_install()
    CACHE.mkdir(exist_ok=True)
    FOUND.write_text(f"{path}\n")
    print(path)
