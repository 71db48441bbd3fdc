"""What the person who starts Quartet has to put right."""


class OperatorError(Exception):
    """Its text is the whole message: what is wrong, and what to do about it. Shown without a traceback."""
