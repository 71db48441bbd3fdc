"""Every setting is documented, and nothing else is."""

import re
from pathlib import Path

NAMED = re.compile(r'"(QUARTET_[A-Z_]+|EMAIL_[A-Z_]+|DATABASE_URL|REDIS_URL)"')
#: Set by the supervisor for its children, never by a person.
INTERNAL = {"QUARTET_LIFELINE_FD"}


def settings_named() -> set[str]:
    sources = [path for folder in ("controlplane", "apps", "workers") for path in Path(folder).rglob("*.py")]
    named = {name for path in sources for name in NAMED.findall(path.read_text())}
    return {name.removesuffix("_FILE") for name in named} - INTERNAL


def test_every_setting_that_is_read_is_documented() -> None:
    documented = set(re.findall(r"^\| `(\w+)`", Path("docs/settings.md").read_text(), re.MULTILINE))
    assert settings_named() == documented
