"""Gets Triton's load tool, perf_analyzer, into .cache/perf_analyzer; prints the path of a script that runs it.

The last tritonclient wheel whose binary runs on Debian 12 brings it; beside it come the two libraries it was linked
with, libb64 from Debian and CUDA's runtime from PyPI. Nothing is installed into the system.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "perf_analyzer"
LAUNCHER = CACHE / "perf_analyzer"
WHEELS = ("tritonclient==2.50.0", "nvidia-cuda-runtime-cu12==12.6.77")
_SCRIPT = """#!/bin/sh
export LD_LIBRARY_PATH={libraries}
exec {binary} "$@"
"""


def install() -> Path:
    """The script, which is known to start."""
    if not LAUNCHER.exists():
        _install()
    return LAUNCHER


def _install() -> None:
    if not shutil.which("apt-get"):
        raise SystemExit("perf_analyzer needs Debian's package libb64-0d, and there is no apt-get to get it with.")
    parts = CACHE / "parts"
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(parts), *WHEELS], parts)
    _run(["apt-get", "download", "--quiet", "libb64-0d"], parts)
    for wheel in parts.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(parts)
    for package in parts.glob("*.deb"):
        _run(["dpkg", "-x", package.name, "."], parts)
    (binary,) = parts.glob("tritonclient-*/data/bin/perf_analyzer")
    binary.chmod(0o755)
    libraries = ":".join(sorted({str(path.parent) for path in parts.rglob("lib*.so*")}))
    part = LAUNCHER.with_suffix(".part")
    part.write_text(_SCRIPT.format(libraries=libraries, binary=binary))
    part.chmod(0o755)
    _run([str(part), "--version"], parts)
    part.replace(LAUNCHER)


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    print(install())
