"""The way from a request to a live canary, in one process, and a kill at whichever write or word of it a test names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.models import Q
from redis import Redis

from apps.approvals.models import ApprovalRequest, Decision
from apps.approvals.services import decision_record
from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments.models import Deployment, Revision, Rollout
from apps.inference.services import predictions_add
from tests.deployments.makers import Fleet, make_deployment, make_revision, make_version, settle
from tests.deployments.test_canary import age
from tests.inference.records import record
from tests.world import World
from workers import compare, observe, relay
from workers.published import PublishedRouting
from workers.relay import relay_run
from workers.tick import reconcile_once

#: Wide margins and few samples: both revisions do the same, so every step is passed.
PLAN = {"steps": [20, 50], "samples": 10, "interval_s": 1, "failed": 1, "slower": 1, "unsure": 1, "labels": 1}
#: Passes of the control worker after which something must have happened.
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


class Way:
    """Revision 1 is live; revision 2 is asked for, approved, and comes in by degrees."""

    def __init__(self, world: World, valkey: Redis, patch: pytest.MonkeyPatch) -> None:
        for key in valkey.scan_iter("quartet:*", count=1000):
            valkey.delete(key)
        patch.setattr(observe, "_routing", PublishedRouting())
        self.world = world
        self.fleet = Fleet()
        self.deployment: Deployment = make_deployment(world)
        self.fleet.go_live(world, self.deployment, make_revision(world, self.deployment, make_version(world)))
        self.second = make_version(world, 2)
        relay_run()
        self._before = AuditEntry.objects.count()

    def walk(self, cuts: Cuts) -> dict[str, Any]:
        """Go to the end, whoever is killed, as people do who ask again for what was not done; the facts."""
        self.cuts = cuts
        self._until(self._requested, lambda: self._revisions().exists())
        self._until(self._pass, lambda: ApprovalRequest.objects.filter(state="open").exists())
        self._until(self._approved, lambda: ApprovalRequest.objects.filter(state="granted").exists())
        self._until(self._moment, lambda: Rollout.objects.filter(to_revision__number=2, state="done").exists())
        self._until(self._pass, lambda: not OutboxEvent.objects.filter(done_at=None).exists())
        return self._facts()

    def _until(self, act: Callable[[], None], held: Callable[[], bool]) -> None:
        for _ in range(_PATIENCE):
            if held():
                return
            try:
                act()
            except Killed:
                # Its leases run out, and another takes its place.
                OutboxEvent.objects.filter(done_at=None).update(due_at=now())
        raise AssertionError(f"{act.__name__} came to nothing: {list(Rollout.objects.values('state', 'reason'))}")

    def _revisions(self) -> Any:
        return Revision.objects.filter(deployment=self.deployment, number=2)

    def _requested(self) -> None:
        make_revision(self.world, self.deployment, self.second, strategy="canary", canary=PLAN)

    def _approved(self) -> None:
        decision_record(actor=self.world.ben, request_id=ApprovalRequest.objects.get().pk, verdict="approve")

    def _pass(self) -> None:
        """What a control worker does each second."""
        compare._due.clear()
        reconcile_once()
        relay_run()

    def _moment(self) -> None:
        """A pass, and all that nodes, callers and the clock do meanwhile."""
        with self.cuts.spared():
            self.fleet.beat()
            self.fleet.start_all()
            self.fleet.stop_draining()
            for rollout in Rollout.objects.filter(state="canary").select_related("to_revision"):
                predictions_add(records=[record(revision=number) for number in (1, 2) for _ in range(10)])
                age(rollout.to_revision, 0.0 if not rollout.comparison else 2.0)
            settle(self.deployment)
        self._pass()

    def _facts(self) -> dict[str, Any]:
        """What must be the same, whoever was killed. Replicas are not in it: one may be placed twice."""
        entries = AuditEntry.objects.order_by("sequence")[self._before :]
        kinds = ("revision.", "approval.", "rollout.")
        counted = Q(name__startswith="approvals.") | Q(name="deployments.rollout_requested")
        return {
            "trail": [each.action for each in entries if each.action.startswith(kinds)],
            "events": sorted(OutboxEvent.objects.filter(counted).values_list("name", flat=True)),
            "requests": list(ApprovalRequest.objects.values_list("state", flat=True)),
            "decisions": Decision.objects.count(),
            "revisions": list(Revision.objects.order_by("number").values_list("state", flat=True)),
            "rollouts": list(Rollout.objects.order_by("pk").values_list("state", "step")),
        }
