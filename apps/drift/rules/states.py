"""What can be said of a signal, a group or a whole run. Apart, so that who only names a state loads no numpy."""

from enum import StrEnum


class State(StrEnum):
    """The gravest first: a group is as its gravest signal, but for what verdict.py says."""

    DRIFTED = "drifted"
    UNUSABLE = "unusable"
    NOT_ENOUGH_DATA = "not_enough_data"
    STEADY = "steady"
    CONSTANT = "constant"


#: States that say whether it is drifted; the others leave it as it was known to be.
DECIDED = (State.DRIFTED, State.STEADY, State.CONSTANT)
