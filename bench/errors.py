"""What can stop a measurement. The message stands in the results as the reason, so it is one line for people."""


class Unavailable(Exception):
    """A server, a tool or a model that cannot be measured on this machine."""


def reason(error: BaseException, length: int = 240) -> str:
    """One line that tells why."""
    said = " ".join(str(error).split())
    known = isinstance(error, Unavailable)
    return (said if known else f"{type(error).__name__}: {said}")[:length]
