"""A kill at whichever write or word of a course of things a test names, and the course that others take up again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import AuditEntry, OutboxEvent
from workers import relay

#: Times that something is done after which it must have come to what it is done for.
_PATIENCE = 30


class Killed(BaseException):
    """kill -9: nobody catches it, and what was not committed never was."""


class Cuts:
    """Counts the places where a process may die: within each transaction that tells of a change, and after a listener
    has done its work, before its event is marked as told. Dies at the one that is named, once."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.met = 0
        self.armed = True

    def place(self) -> None:
        self.met += self.armed
        if self.armed and self.met == self.at:
            self.armed = False
            raise Killed

    @contextmanager
    def spared(self) -> Iterator[None]:
        """What others do meanwhile, who are not killed here."""
        before, self.armed = self.armed, False
        yield
        self.armed = before

    def around(self, patch: pytest.MonkeyPatch, times: int = 1) -> "Cuts":
        """Put them everywhere; each listener is called `times` times."""
        for module, name in ((audit, "record"), (outbox, "emit")):
            patch.setattr(module, name, self._after(getattr(module, name)))
        told = {event: [self._after(each) for each in them] * times for event, them in relay.listeners().items()}
        patch.setattr(relay, "_listeners", lambda: told)
        return self

    def _after(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def cut(*args: Any, **named: Any) -> Any:
            answer = act(*args, **named)
            self.place()
            return answer

        return cut


Facts = dict[str, Any]
Walk = Callable[[Cuts, int], Facts]


class Course:
    """What processes and people do one after the other, each again until it is done, whoever is killed over it."""

    cuts: Cuts

    def ready(self, patch: pytest.MonkeyPatch) -> None:
        """Make it so that nothing is left of a walk before; nobody is killed here."""

    def course(self) -> None:
        """Go to the end."""
        raise NotImplementedError

    def facts(self) -> Facts:
        """What must be the same, whoever was killed."""
        raise NotImplementedError

    def standing(self) -> str:
        """Where it is, for a failure's message."""
        return ""

    def leases_end(self) -> None:
        """What the killed had for themselves is anybody's again."""
        OutboxEvent.objects.filter(done_at=None).update(due_at=now())

    def until(self, act: Callable[[], object], held: Callable[[], bool]) -> None:
        """Do it, unless it has been done, as those do who come after one that was killed."""
        for _ in range(_PATIENCE):
            if held():
                return
            try:
                act()
            except Killed:
                self.leases_end()
        raise AssertionError(f"{act} came to nothing: {self.standing()}")

    def until_all_is_told(self, act: Callable[[], object]) -> None:
        self.until(act, lambda: not OutboxEvent.objects.filter(done_at=None).exists())

    def walk(self, cuts: Cuts, times: int = 1) -> Facts:
        """Go to the end with these cuts, each listener called `times` times, and take back what was written, so that
        the next walk begins where this one began; the facts."""
        with pytest.MonkeyPatch.context() as patch, transaction.atomic():
            self.ready(patch)
            self._before = AuditEntry.objects.count()
            self.cuts = cuts.around(patch, times)
            self.course()
            found = self.facts()
            call_command("audit_verify", verbosity=0)
            transaction.set_rollback(True)
        return found

    def trail(self, *kinds: str) -> list[str]:
        """The actions of these kinds that this walk left in the audit trail."""
        entries = AuditEntry.objects.order_by("sequence")[self._before :]
        return [each.action for each in entries if each.action.startswith(kinds)]


def same_end_wherever_killed(walk: Walk, least: int) -> None:
    """Walk once unharmed, then once for each place that was met, of which there are at least so many."""
    counting = Cuts()
    expected = walk(counting, 1)
    assert counting.met >= least, "every entry of the trail is one place, and there are events and listeners"
    for at in range(1, counting.met + 1):
        cuts = Cuts(at)
        assert walk(cuts, 1) == expected, f"killed at place {at} of {counting.met}"
        assert not cuts.armed, f"place {at} was not reached"


def same_end_told_twice(walk: Walk) -> None:
    """Whatever is told twice is acted on once."""
    assert walk(Cuts(), 2) == walk(Cuts(), 1)
