"""Which file names an artifact may bring: those that mean one visible file inside it, the same on every system."""

import unicodedata
from collections.abc import Iterable

from apps.registry.errors import BadPath

_LONGEST_PATH = 512
_LONGEST_NAME = 200
_DEEPEST = 16
#: Characters that some file system or shell takes for something else.
_FORBIDDEN = frozenset('<>:"|?*')
#: Device names on Windows, with any ending.
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))})


def path_check(path: str) -> str:
    """`path` itself; raises BadPath saying what is wrong with it."""
    fault = _path_fault(path)
    if fault:
        raise BadPath(f"The file name {path[:200]!r} cannot be kept: {fault}.", path=path[:200])
    return path


def _path_fault(path: str) -> str | None:
    if not path:
        return "it is empty"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in path):
        return "it has control or invisible characters in it"
    if "\\" in path:
        return "it has a backslash in it; folders are separated by '/'"
    if path.startswith("/"):
        return "it is absolute"
    if unicodedata.normalize("NFC", path) != path:
        return "its accents are written as separate characters; write it in Unicode form NFC"
    if len(path.encode()) > _LONGEST_PATH:
        return f"it is longer than {_LONGEST_PATH} bytes"
    names = path.split("/")
    if len(names) > _DEEPEST:
        return f"it lies more than {_DEEPEST} folders deep"
    return next((fault for fault in map(_name_fault, names) if fault), None)


def _name_fault(name: str) -> str | None:
    if not name:
        return "it has an empty part between slashes"
    if name in (".", ".."):
        return f"'{name}' would lead out of the artifact or nowhere"
    if name.startswith("."):
        return f"'{name}' is hidden"
    if name != name.strip() or name.endswith("."):
        return f"'{name}' begins or ends with a space or ends with a dot"
    if len(name.encode()) > _LONGEST_NAME:
        return f"one of its parts is longer than {_LONGEST_NAME} bytes"
    if _FORBIDDEN & set(name):
        return f"'{name}' has one of {' '.join(sorted(_FORBIDDEN))} in it"
    if name.split(".")[0].strip().lower() in _RESERVED:
        return f"'{name}' is the name of a device on some systems"
    return None


def tree_check(paths: Iterable[str]) -> None:
    """Raises BadPath when two of `paths` could not lie side by side on every file system.

    That is: names that differ only in capital letters, or one path that is a folder of another.
    """
    files = set(paths)
    folders = {folder for path in files for folder in _folders(path)}
    for path in sorted(files & folders):
        raise BadPath(f"'{path}' is both a file and a folder.", path=path)
    spelling: dict[str, str] = {}
    for path in sorted(files | folders):
        other = spelling.setdefault(unicodedata.normalize("NFC", path.casefold()), path)
        if other != path:
            raise BadPath(f"'{other}' and '{path}' differ only in capital letters.", path=path)


def _folders(path: str) -> list[str]:
    """`a/b/c` -> `a`, `a/b`."""
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names))]
