"""Pickles without a header, as old protocols write them: read step by step as an unpickler would, running nothing."""

import pickletools
from typing import Any

_FINDS_CODE = frozenset({"GLOBAL", "STACK_GLOBAL", "INST"})
_RUNS_CODE = frozenset({"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"})
_REMEMBERS = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
_RECALLS = frozenset({"GET", "BINGET", "LONG_BINGET"})


class _Stumbles(Exception):
    """An unpickler would fail here."""


def is_text_pickle(head: bytes) -> bool:
    """Whether an unpickler given bytes that begin with `head` would run something before it fails."""
    steps = set(_steps(head))
    return bool(steps & _FINDS_CODE and steps & _RUNS_CODE)


def _steps(head: bytes) -> list[str]:
    """The names of the operations that `head` carries out, up to the first that fails."""
    steps: list[str] = []
    stack: list[Any] = []
    memo: set[Any] = set()
    try:
        for opcode, argument, _ in pickletools.genops(head):
            _check(opcode.name, argument, stack, memo)
            _take(stack, opcode.stack_before)
            stack.extend(opcode.stack_after)
            steps.append(opcode.name)
    except Exception:  # genops has no error of its own for what is no pickle
        return steps
    return steps


def _check(name: str, argument: Any, stack: list[Any], memo: set[Any]) -> None:
    """Raises _Stumbles where the operation needs more than a stack of the right height."""
    if name in _REMEMBERS:
        if not stack:
            raise _Stumbles
        memo.add(len(memo) if argument is None else int(argument))
    elif name in _RECALLS and int(argument) not in memo:
        raise _Stumbles
    elif name in ("GLOBAL", "INST") and not all(argument.partition(" ")[::2]):
        raise _Stumbles  # a module or a name of no letters


def _take(stack: list[Any], taken: list[Any]) -> None:
    """Take from the stack what an operation needs; raises IndexError when it is not there."""
    if pickletools.markobject in taken:
        while stack.pop() is not pickletools.markobject:
            pass
        taken = taken[: taken.index(pickletools.markobject)]
    for _ in taken:
        stack.pop()
