"""The way of a revision from its request to live, or back, in one process: people, nodes, callers and the clock do
their part, and the control worker's passes may be killed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Q
from redis import Redis

from apps.approvals.models import ApprovalRequest, Decision
from apps.approvals.services import decision_record
from apps.core.models import OutboxEvent
from apps.deployments import services
from apps.deployments.models import Deployment, Revision, Rollout
from apps.deployments.selectors import routing_deployments
from apps.inference.models import Mirror, Prediction
from apps.inference.rules.records import Mirrored
from apps.inference.services import mirrors_add, predictions_add, routing_keep
from tests.deployments.makers import Fleet, make_deployment, make_revision, make_version, settle
from tests.deployments.test_canary import age
from tests.inference.records import record
from tests.workers.cutting import Course, Cuts, Facts
from tests.world import World
from workers import compare, observe
from workers.published import PublishedRouting
from workers.relay import relay_run
from workers.tick import reconcile_once

#: Wide margins and few samples: where both revisions do the same, every step is passed.
_TERMS = {"samples": 10, "interval_s": 1, "failed": 0.3, "slower": 1, "unsure": 1, "wrong": 1}
CANARY = _TERMS | {"steps": [20, 50], "labels": 1}
SHADOW = _TERMS | {"then": "canary", "differs": 1}
#: Requests of each revision between two passes: enough for a verdict where none fails, or all.
_COUNT = 20


class Way(Course):
    """Revision 1 is live; revision 2 is asked for, approved, and comes in by degrees. `story` is what becomes of it
    when it stands at its first step."""

    def __init__(self, world: World, valkey: Redis, story: "Story") -> None:
        self.world, self.valkey, self.story = world, valkey, story
        self.fleet = Fleet()
        self.deployment: Deployment = make_deployment(world)
        self.fleet.go_live(world, self.deployment, make_revision(world, self.deployment, make_version(world)))
        self.second = make_version(world, 2)
        relay_run()
        self._usual()

    def _usual(self) -> None:
        #: How the second revision's requests end, who asks, and for how long a step has lasted when it is looked at.
        self.error, self.asked, self.lasted = "", True, 2.0

    def ready(self, patch: pytest.MonkeyPatch) -> None:
        """Valkey takes nothing back, so it begins anew."""
        for key in self.valkey.scan_iter("quartet:*", count=1000):
            self.valkey.delete(key)
        patch.setattr(observe, "_routing", PublishedRouting())
        routing_keep()
        self._usual()

    def course(self) -> None:
        self.granted()
        self.onward()

    def granted(self) -> None:
        """Revision 2 is asked for and approved."""
        second = Revision.objects.filter(deployment=self.deployment, number=2)
        self.until(self._requested, second.exists)
        self.until(self.passes, ApprovalRequest.objects.filter(state="open").exists)
        self.until(self._approved, ApprovalRequest.objects.filter(state="granted").exists)

    def onward(self) -> None:
        self.story(self)
        self.until_all_is_told(self.passes)

    def _requested(self) -> None:
        plan = {"strategy": "canary", "canary": CANARY, **self.story.spec}
        make_revision(self.world, self.deployment, self.second, **plan)

    def _approved(self) -> None:
        decision_record(actor=self.world.ben, request_id=ApprovalRequest.objects.get().pk, verdict="approve")

    def passes(self) -> None:
        """What a control worker does each second."""
        compare._due.clear()
        reconcile_once()
        relay_run()

    def moment(self) -> None:
        """A pass, and all that nodes, callers and the clock do meanwhile."""
        with self.cuts.spared():
            self.fleet.beat()
            self.fleet.start_all()
            self.fleet.stop_draining()
            for rollout in Rollout.objects.filter(state__in=Rollout.AT_A_STEP_STATES).select_related("to_revision"):
                if self.asked:
                    self._answered(rollout)
                age(rollout.to_revision, self.lasted if rollout.comparison else 0.0)
            settle(self.deployment)
        self.passes()

    def _answered(self, rollout: Rollout) -> None:
        """Callers were answered by the first, and by the second or its mirrors; the second as the story has it."""
        first = [record(revision=1) for _ in range(_COUNT)]
        said: dict[str, Any] = {"labels": [], "confidences": []} if self.error else {}
        predictions_add(records=first)
        if rollout.state == Rollout.State.SHADOW:
            answer = ([], []) if self.error else (["7"], [0.75])
            mirrors_add(
                mirrors=[Mirrored(each.at, each.id, "digits", 2, self.error, 1.0, 1.0, *answer) for each in first]
            )
        else:
            predictions_add(records=[record(revision=2, error=self.error, **said) for _ in range(_COUNT)])

    def breaks(self) -> None:
        """Revision 2 fails from now on. What was answered before is forgotten: the steps' times here are not true."""
        Prediction.objects.all().delete()
        Mirror.objects.all().delete()
        self.error = "model_failed"

    @property
    def rollout(self) -> Rollout | None:
        """The last one."""
        return Rollout.objects.filter(to_revision__number=2).order_by("pk").last()

    def stands(self, state: str, step: int = 0) -> Callable[[], bool]:
        """Whether it is at that step."""
        at = {"state": state, "step": step, "to_revision__number": 2}
        return Rollout.objects.filter(**at).exists

    def comes(self, state: str, step: int = 0) -> None:
        """Moments go by until it is at that step."""
        self.until(self.moment, self.stands(state, step))

    def ends(self, state: str) -> None:
        """Moments go by until the last rollout, there or back, is over; the first revision's is none of them."""

        def over() -> bool:
            last = Rollout.objects.filter(from_revision__isnull=False).order_by("pk").last()
            return last is not None and last.state == state

        self.until(self.moment, over)

    def presses(self, act: str, held: Callable[[], bool], **told: Any) -> None:
        """Ada does this to the rollout, and again where nothing came of it."""

        def pressed() -> None:
            rollout = self.rollout
            assert rollout
            services.ROLLOUT_ACTS[act](actor=self.world.ada, rollout_id=rollout.pk, **told)

        self.until(pressed, held)

    def paused(self, why: str = "") -> Callable[[], bool]:
        """Whether it waits for a person, for that reason."""
        held = Rollout.objects.filter(to_revision__number=2, paused_at__isnull=False, pause_reason__contains=why)
        return held.exists

    def measured(self, verdict: str) -> Callable[[], bool]:
        """Whether the present step was compared and found so, or with no verdict not at all yet."""
        found = {"comparison__verdict": verdict} if verdict else {"comparison": {}}
        return Rollout.objects.filter(to_revision__number=2, **found).exists

    def rolls_back(self) -> None:
        """Ada sends the traffic back to what was kept."""
        self.until(
            lambda: services.deployment_rollback(actor=self.world.ada, deployment=self.deployment),
            Rollout.objects.filter(is_rollback=True).exists,
        )

    def standing(self) -> str:
        return str(list(Rollout.objects.values("state", "step", "reason", "pause_reason")))

    def facts(self) -> Facts:
        """Replicas are not in it: one may be placed twice."""
        counted = Q(name__startswith="approvals.") | Q(name="deployments.rollout_requested")
        route = routing_deployments()["digits"]
        return {
            "trail": self.trail("revision.", "approval.", "rollout."),
            "events": sorted(OutboxEvent.objects.filter(counted).values_list("name", flat=True)),
            "requests": list(ApprovalRequest.objects.values_list("state", flat=True)),
            "decisions": Decision.objects.count(),
            "revisions": list(Revision.objects.order_by("number").values_list("state", flat=True)),
            "rollouts": list(Rollout.objects.order_by("pk").values_list("state", "step")),
            "traffic": [(split["revision"], split["weight"]) for split in route["splits"]],
            "published": sorted(PublishedRouting().look(self.valkey).routes["digits"]),
        }


class Story:
    """What becomes of revision 2, told of the way; `spec` is what it is requested with, but for the usual."""

    def __init__(self, tell: Callable[[Way], None], **spec: Any) -> None:
        self._tell, self.spec = tell, spec

    def __call__(self, way: Way) -> None:
        self._tell(way)


class Begun(Way):
    """The same from where revision 2 stands at `begins`, a state, on: what leads there is walked once, unharmed."""

    def __init__(self, world: World, valkey: Redis, story: Story, begins: str = "canary") -> None:
        super().__init__(world, valkey, story)
        self.cuts = Cuts()
        self.granted()
        self.until(self.moment if begins != "starting" else self.passes, self.stands(begins))
        self.until_all_is_told(self.passes)

    def course(self) -> None:
        self.onward()
