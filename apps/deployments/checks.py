"""System checks: a node name becomes part of a queue's name, so it must be one plain word."""

import re
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

NODE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")


@register()
def node_name(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """QUARTET_NODE, where it is set, can name a node."""
    if settings.QUARTET_NODE and not NODE_NAME.fullmatch(settings.QUARTET_NODE):
        return [
            Error(
                f"QUARTET_NODE is {settings.QUARTET_NODE!r}, which cannot name a node.",
                hint="Use up to 63 letters, digits, dots and hyphens, with a letter or digit at both ends.",
                id="deployments.E001",
            )
        ]
    return []
