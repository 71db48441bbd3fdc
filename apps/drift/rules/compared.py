"""What a test says of two samples."""

from typing import NamedTuple


class Compared(NamedTuple):
    """`p` is the chance of a statistic at least as large if both samples came from one distribution."""

    statistic: float
    p: float
