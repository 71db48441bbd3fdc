"""What models and aliases may be called."""

import re

from apps.registry.errors import BadName

_NAME = re.compile(r"[a-z](?:-?[a-z0-9])*")
_LONGEST = 63
#: `latest` would read as the newest version, which an alias is not.
_RESERVED_ALIASES = frozenset({"latest"})


def model_name(name: str) -> str:
    """`name` itself; raises BadName unless it fits an address and a host name."""
    return _checked(name, "a model name")


def alias_name(name: str) -> str:
    """`name` itself; raises BadName."""
    if name in _RESERVED_ALIASES:
        raise BadName(f"'{name}' is not an alias name.", remedy="Choose a name for a role, such as 'champion'.")
    return _checked(name, "an alias name")


def protected_default() -> list[str]:
    """The aliases of a new model that move only with an approval."""
    return ["champion"]


def _checked(name: str, what: str) -> str:
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise BadName(f"{name[:80]!r} is not {what}.")
    return name
