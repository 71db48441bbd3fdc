"""Signals of samples that other parts of the product find out, such as how far apart the model's answers are.

Who has some adds a function here while it is set up (AppConfig.ready). It is called with a deployment's name, a
revision's number and ids of predictions, and answers signals by (prediction, sample); what it does not know it leaves
out. Windows and profiles that are built of predictions have them alike.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

Extra = Callable[[str, int, Sequence[UUID]], Mapping[tuple[UUID, int], Mapping[str, Any]]]

EXTRA_SIGNALS: list[Extra] = []
