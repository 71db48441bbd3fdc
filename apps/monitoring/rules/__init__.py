"""The arithmetic of monitoring: values in, values out."""

from datetime import timedelta
from itertools import pairwise

#: Lengths of windows in seconds; each is rolled up into the next.
STEPS = (1, 10, 60)
#: The step that one is rolled up into.
COARSER = dict(pairwise(STEPS))
#: How long windows of each step are kept: seconds for what happens now, minutes for looking back.
KEEP = {1: timedelta(minutes=15), 10: timedelta(days=1), 60: timedelta(days=30)}
