"""How many values a window needs before its silence means anything."""

import math

#: What hides below it would not be seen anyway by a test that must hold its level over so many signals at once.
FINDABLE = 0.3


def needed(reference: int, level: float, findable: float = FINDABLE) -> int | None:
    """The least window with which a distance D of `findable` between the distribution functions is beyond chance.

    The bound of Kolmogorov and Smirnov, D > sqrt(-ln(level / 2) / 2) sqrt(1/m + 1/n), solved for n, where m is the
    reference's size and `level` what one test of the family is allowed. None: the reference itself is too small.
    """
    room = (findable / math.sqrt(-math.log(level / 2) / 2)) ** 2 - 1 / max(1, reference)
    return math.ceil(1 / room) if room > 0 else None
