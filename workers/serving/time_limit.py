"""How long one request may take, and whose limit that is."""

from workers.serving import clock
from workers.serving.errors import DeadlinePassed, OwnDeadlinePassed, ServingError


class TimeLimit:
    """The deployment's limit, or the request's own if that is shorter."""

    __slots__ = ("_own", "_seconds", "deadline")

    def __init__(self, began: float, deployments: float, own: float | None) -> None:
        self._own = own is not None and own < deployments
        self._seconds = min(deployments, own or deployments)
        self.deadline = began + self._seconds  # unix seconds

    def left(self) -> float:
        """Seconds until the deadline; below zero when it has passed."""
        return self.deadline - clock.now()

    def passed(self, message: str = "") -> ServingError:
        """The error that names the limit, and blames whoever set it."""
        if self._own:
            return OwnDeadlinePassed(message or f"No answer came within the {self._told()} that the request allows.")
        return DeadlinePassed(message or f"No answer came within the {self._told()} that the deployment allows.")

    def _told(self) -> str:
        """Whole microseconds, which is what a request counts in, without trailing zeros."""
        return f"{self._seconds:.6f}".rstrip("0").rstrip(".") + " seconds"
