"""Reads model.yaml as plain data and nothing else: no anchors, no repeated keys, no depth or length to choke on."""

import re
from typing import Any

import yaml

from apps.registry.errors import BadManifest

LONGEST = 256 * 1024
_DEEPEST = 20
#: PostgreSQL stores neither NUL nor half a surrogate pair, and no name or description needs the others.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def yaml_read(raw: bytes) -> dict[str, Any]:
    """The mapping in `raw`; raises BadManifest with the line where it goes wrong."""
    if len(raw) > LONGEST:
        raise BadManifest(f"model.yaml is longer than {LONGEST // 1024} KiB.")
    try:
        data = yaml.load(raw.decode(), Loader=_PlainLoader)  # noqa: S506  a SafeLoader made stricter
    except UnicodeDecodeError as error:
        raise BadManifest("model.yaml is not UTF-8 text.") from error
    except yaml.MarkedYAMLError as error:
        raise BadManifest(f"model.yaml cannot be read{_place(error.problem_mark)}: {error.problem}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise BadManifest(f"model.yaml cannot be read: {error}.") from error
    if not isinstance(data, dict):
        raise BadManifest("model.yaml must be a mapping that begins with 'format: 1'.")
    return data


def _place(mark: yaml.Mark | None) -> str:
    return f" at line {mark.line + 1}" if mark else ""


class _PlainLoader(yaml.SafeLoader):
    """What JSON can say, in YAML's clothes."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _fault(
                "anchors and aliases ('&name', '*name') are not allowed; write the value out", event.start_mark
            )
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _fault(f"it is nested more than {_DEEPEST} levels deep", event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        value = super().construct_scalar(node)
        if isinstance(value, str) and _UNPRINTABLE.search(value):
            raise _fault("a text has control characters in it", node.start_mark)
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fault("a key must be a plain word", key.start_mark)
            if key.value in seen:
                raise _fault(f"the key '{key.value}' is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _fault(problem: str, mark: yaml.Mark) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(problem=problem, problem_mark=mark)
