"""How long to wait before a process that ended is started again."""

FIRST_SECONDS = 0.1
MOST_SECONDS = 5.0
#: A process that ran this long was well: the next failure is a new one, not the same again.
WELL_SECONDS = 30.0


class Backoff:
    """Waits that double from one quick failure to the next."""

    def __init__(self) -> None:
        self._failures = 0

    def after(self, uptime: float) -> float:
        """Seconds to wait now that the process ended after `uptime` seconds."""
        if uptime >= WELL_SECONDS:
            self._failures = 0
        wait = min(MOST_SECONDS, FIRST_SECONDS * 2.0**self._failures)
        self._failures += 1
        return wait
