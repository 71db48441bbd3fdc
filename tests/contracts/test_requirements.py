"""What the code imports is what `make` installs, at exact versions."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_OURS = {"apps", "bench", "controlplane", "workers", "tests"}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)(; python_version (?:<|>=) \"[\d.]+\")?$")


def _pins(name: str) -> dict[str, str]:
    """Package -> version of one list and those it includes with -r."""
    pins: dict[str, str] = {}
    for line in (ROOT / "requirements" / name).read_text().splitlines():
        if line.startswith("-r "):
            pins |= _pins(line.removeprefix("-r "))
        elif match := _PIN.match(line):
            pins[_plain(match[1])] = match[2]
        else:
            assert line.startswith(("#", "-c ")) or not line, f"{name}: {line!r} is no exact pin"
    return pins


def _plain(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def _imports(folder: Path) -> set[str]:
    """The top-level packages of others that the Python files in `folder` import."""
    names: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - _OURS - set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    ("folder", "requirements"),
    [
        ("apps", "base.txt"),
        ("controlplane/embedded", "base.txt"),
        ("workers/serving", "base.txt"),
        ("controlplane", "demo.txt"),
        ("workers", "demo.txt"),
        ("tests", "test.txt"),
        ("bench/parts", "bench.txt"),
        ("bench/drift", "bench.txt"),
        ("bench/renewal", "bench.txt"),
        ("bench/models", "bench-model.txt"),
    ],
)
def test_every_import_is_of_a_package_that_is_asked_for_by_name(folder: str, requirements: str) -> None:
    providers = packages_distributions()
    asked_for = set(_pins(requirements))
    missing = {
        name
        for name in _imports(ROOT / folder)
        if asked_for.isdisjoint(_plain(distribution) for distribution in providers.get(name, []))
    }
    assert missing <= _BROUGHT_ALONG


#: Parts of a package we ask for that come as distributions of their own.
_BROUGHT_ALONG = {"asgiref", "kombu", "pydantic_core"}


#: Pinned to the newest series that the Python at hand allows, in base.txt alone.
_BY_PYTHON = {"django"}


def test_the_lists_agree_with_the_lock_file() -> None:
    asked_for, locked = _pins("test.txt"), _pins("constraints.txt")
    assert {package: locked.get(package) for package in asked_for.keys() - _BY_PYTHON} == {
        package: asked_for[package] for package in asked_for.keys() - _BY_PYTHON
    }
    assert _BY_PYTHON.isdisjoint(locked)


def test_the_benchmarks_models_run_on_the_products_own_versions() -> None:
    assert _pins("bench-model.txt").items() <= _pins("constraints.txt").items()


def test_no_file_of_the_installation_names_a_host() -> None:
    files = [*ROOT.glob("requirements/*.txt"), *(ROOT / name for name in ("Makefile", "package-lock.json", ".npmrc"))]
    assert [file.name for file in files if re.search(r"https?://|--index|registry=", file.read_text())] == []
