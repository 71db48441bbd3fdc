"""However requests, approvals, crashes, gateways and the clock fall together, no request is left without a replica."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.deployments.rules.advance import SETTLE, Evidence, Facts, advance
from apps.deployments.rules.canary import Progress
from apps.deployments.rules.queue import next_turn

TIMEOUT = 10.0
#: How long an old revision is kept.
KEEP = 3.0
#: The longest way of a request from the gateway's choice to the stream.
FLIGHT = SETTLE * 0.9
#: How a revision may come in: what of these its strategy has.
HOW = st.sampled_from(["rolling", "degrees", "shadow", "shadow asks", "shadow degrees", ""])


@dataclass
class Rollout:
    old: int | None
    new: int
    state: str = "starting"
    rolling: bool = False
    degrees: bool = False
    shadow: bool = False
    asks: bool = False
    step: int = 0
    paused: bool = False
    verdict: str = ""
    back: bool = False
    ready: bool = False
    started: bool = False
    failures: int = 0
    moved_at: float | None = None
    kept_at: float | None = None

    @property
    def in_plan(self) -> bool:
        """Whether it stands at a step."""
        return self.state in ("canary", "shadow")


def begun(old: int | None, new: int, how: str) -> Rollout:
    """By the strategy of HOW; one that replaces nothing has no plan."""
    words = how.split() if old else []
    return Rollout(old, new, **dict.fromkeys(words, True))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Routing:
    """Who answers, and who is asked in the shadow."""

    answers: frozenset[int] = frozenset()
    shadow: frozenset[int] = frozenset()


@dataclass
class Gateway:
    number: int
    routing: Routing


@dataclass
class Request:
    revision: int
    mirror: bool
    arrives: float
    expires: float


@dataclass
class World:
    now: float = 0.0
    states: dict[int, str] = field(default_factory=dict)
    live: int | None = None
    rollout: Rollout | None = None
    serving: set[int] = field(default_factory=set)
    published: tuple[int, Routing] = (0, Routing())
    gateways: dict[str, Gateway] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)


class Rollouts(RuleBasedStateMachine):
    """One deployment, its gateways and its requests, with replicas that start when the rules say so."""

    def __init__(self) -> None:
        super().__init__()
        self.w = World()

    @initialize(live=st.sampled_from([True, True, True, False]), how=HOW, stands=st.booleans())
    def revision_two_is_about_to_replace_one(self, live: bool, how: str, stands: bool) -> None:
        """Most interesting things happen here; without `live` the deployment begins from nothing. One with a plan
        `stands` at its first step already."""
        if live:
            self.w = World(states={1: "live", 2: "starting"}, live=1, rollout=begun(1, 2, how), serving={1})
            if stands and ("shadow" in how or "degrees" in how):
                self._stand(self.w.rollout)
            self.w.published = (1, self._routes())
            self.w.gateways = {name: Gateway(*self.w.published) for name in "gh"}

    def _stand(self, rollout: Rollout | None) -> None:
        assert rollout
        rollout.state = "shadow" if rollout.shadow else "canary"
        rollout.ready = rollout.started = True
        self.w.serving.add(rollout.new)

    @precondition(lambda self: len(self.w.states) < 4)
    @rule()
    def somebody_requests(self) -> None:
        self.w.states[len(self.w.states) + 1] = "requested"

    @precondition(lambda self: "requested" in self.w.states.values())
    @rule(data=st.data())
    def somebody_approves(self, data: st.DataObject) -> None:
        self.w.states[data.draw(st.sampled_from(self._in("requested")))] = "approved"

    @precondition(lambda self: "approved" in self.w.states.values())
    @rule(how=HOW)
    def the_next_one_has_its_turn(self, how: str) -> None:
        w, rollout = self.w, self.w.rollout
        turn = next_turn(
            live=w.live,
            rolling=rollout.new if rollout else None,
            moving=rollout is not None and rollout.state != "starting",
            approved=self._in("approved"),
            requested=self._in("requested"),
        )
        w.states |= dict.fromkeys(turn.supersede, "superseded")
        if turn.abandon and rollout:
            w.states[rollout.new] = "superseded"
            w.serving.discard(rollout.new)
            w.rollout = None
        if turn.begin:
            w.states[turn.begin] = "starting"
            w.rollout = begun(w.live, turn.begin, how)

    @precondition(lambda self: self.w.rollout and self.w.rollout.state == "starting")
    @rule(ready=st.sampled_from([True, True, True, False]))
    def its_replicas_start_or_fail(self, ready: bool) -> None:
        assert self.w.rollout
        self.w.rollout.ready = ready and not self.w.rollout.rolling
        self.w.rollout.started = ready
        self.w.rollout.failures += not ready
        (self.w.serving.add if ready else self.w.serving.discard)(self.w.rollout.new)

    @precondition(lambda self: self.w.rollout and self.w.rollout.state == "rolling")
    @rule(ready=st.booleans())
    def more_of_its_replicas_start_or_fail(self, ready: bool) -> None:
        """One of them serves all the while; none is no promise of ours, but the machine's."""
        assert self.w.rollout
        self.w.rollout.ready = ready
        self.w.rollout.failures += not ready

    @precondition(lambda self: self.w.rollout and self.w.rollout.in_plan)
    @rule(verdict=st.sampled_from(["pass", "pass", "fail", "inconclusive"]))
    def what_was_answered_is_compared(self, verdict: str) -> None:
        assert self.w.rollout
        self.w.rollout.verdict = verdict

    @precondition(lambda self: self.w.rollout and self.w.rollout.in_plan)
    @rule()
    def somebody_holds_it_or_lets_it_go_on(self) -> None:
        assert self.w.rollout
        self.w.rollout.paused = not self.w.rollout.paused
        self.w.rollout.verdict = ""  # what is let go on is measured anew

    @precondition(lambda self: self.w.rollout and self.w.rollout.state == "shadow")
    @rule(reason=st.sampled_from(["promoted", "aborted"]))
    def somebody_decides_about_the_shadow(self, reason: str) -> None:
        rollout = self.w.rollout
        assert rollout
        onward = "canary" if rollout.degrees else "shifting"
        rollout.step += reason == "promoted"
        self._go(rollout, onward if reason == "promoted" else "reverting")

    @precondition(lambda self: self._kept())
    @rule()
    def somebody_rolls_back(self) -> None:
        w, rollout = self.w, self.w.rollout
        assert rollout and rollout.old
        w.states |= {rollout.old: "live", rollout.new: "retiring"}
        w.live = rollout.old
        w.rollout = Rollout(old=rollout.new, new=rollout.old, state="shifting", back=True)

    def _kept(self) -> bool:
        rollout = self.w.rollout
        return bool(rollout and rollout.old and not rollout.back and rollout.state in ("shifting", "keeping"))

    @precondition(lambda self: self.w.rollout)
    @rule(seen=st.sampled_from([True, True, True, False]))
    def the_reconciler_takes_its_step(self, seen: bool) -> None:
        w, rollout = self.w, self.w.rollout
        assert rollout
        evidence = self._evidence() if seen else None
        if rollout.state in ("shifting", "reverting"):
            to = rollout.old if rollout.state == "reverting" else rollout.new
            moved = evidence is not None and to is not None and evidence.moved("d", to)
            rollout.moved_at = (rollout.moved_at if rollout.moved_at is not None else w.now) if moved else None
        facts = Facts(
            state=rollout.state,
            all_ready=rollout.ready,
            started=rollout.started,
            rolling=rollout.rolling,
            failures=rollout.failures,
            since_moved=w.now - rollout.moved_at if rollout.moved_at is not None else None,
            old_waiting=evidence.waiting.get("old", 0) if evidence else None,
            old_timeout=TIMEOUT,
            old_active=rollout.old in w.serving,
            keep=KEEP if rollout.old and not rollout.back else 0,
            since_kept=w.now - rollout.kept_at if rollout.kept_at is not None else 0.0,
            newer="approved" in w.states.values(),
            progress=self._progress(rollout),
        )
        step = advance(facts)
        if step.to is not None:
            rollout.step, rollout.verdict = step.to, ""
        rollout.paused = rollout.paused or step.pause
        self._go(rollout, step.state)

    def _progress(self, rollout: Rollout) -> Progress | None:
        if not rollout.degrees and not rollout.shadow:
            return None
        in_shadow = rollout.shadow and rollout.state != "canary"
        known = (rollout.step, 1.0, 0.0, 60.0, rollout.verdict, "so measured", rollout.paused)
        return Progress(rollout.shadow + 2 * rollout.degrees, *known, shadow=in_shadow, asks=rollout.asks)

    def _go(self, rollout: Rollout, state: str) -> None:
        w = self.w
        if state == rollout.state:
            return
        rollout.state = state
        if state == "canary":
            rollout.verdict, rollout.paused = "", False
        elif state == "shifting":
            w.states |= {rollout.new: "live"} | ({rollout.old: "retiring"} if rollout.old else {})
            w.live = rollout.new
        elif state == "keeping":
            rollout.kept_at = w.now
        elif state == "draining" and rollout.old:
            w.serving.discard(rollout.old)
        elif state == "done" and rollout.old:
            w.states[rollout.old] = "retired"
        elif state == "failed":
            w.states[rollout.new] = "failed"
            w.serving.discard(rollout.new)
        if state in ("done", "failed"):
            w.rollout = None

    @precondition(lambda self: self.w.published[1] != self._routes())
    @rule()
    def the_routing_is_published(self) -> None:
        self.w.published = (self.w.published[0] + 1, self._routes())

    def _routes(self) -> Routing:
        w = self.w
        live = frozenset({w.live} if w.live else set())
        coming = frozenset({w.rollout.new} if w.rollout else set())
        if w.rollout and w.rollout.state == "shadow":
            return Routing(live, coming)
        return Routing(live | coming if w.rollout and w.rollout.state in ("rolling", "canary") else live)

    @rule(name=st.sampled_from("gh"))
    def a_gateway_starts_or_follows(self, name: str) -> None:
        self.w.gateways[name] = Gateway(*self.w.published)

    @rule(name=st.sampled_from("gh"))
    def a_gateway_dies(self, name: str) -> None:
        self.w.gateways.pop(name, None)

    @rule(name=st.sampled_from("gh"), flight=st.floats(0, FLIGHT), which=st.integers(0, 1))
    def a_request_comes(self, name: str, flight: float, which: int) -> None:
        gateway = self.w.gateways.get(name)
        if gateway and gateway.routing.answers:
            answers = sorted(gateway.routing.answers)
            revision = answers[which % len(answers)]
            self.w.requests.append(Request(revision, False, self.w.now + flight, self.w.now + TIMEOUT))

    @rule(name=st.sampled_from("gh"), flight=st.floats(0, FLIGHT))
    def a_request_is_answered_and_mirrored(self, name: str, flight: float) -> None:
        gateway = self.w.gateways.get(name)
        for revision in gateway.routing.shadow if gateway else ():
            self.w.requests.append(Request(revision, True, self.w.now + flight, self.w.now + TIMEOUT))

    @precondition(lambda self: self.w.requests)
    @rule()
    def replicas_answer_what_has_arrived(self) -> None:
        w = self.w
        w.requests = [r for r in w.requests if r.arrives > w.now or r.revision not in w.serving]

    @rule(seconds=st.floats(0.1, 4))
    def time_passes(self, seconds: float) -> None:
        self.w.now += seconds
        self.w.requests = [r for r in self.w.requests if r.expires > self.w.now]

    def _in(self, state: str) -> list[int]:
        return [number for number, its in self.w.states.items() if its == state]

    def _evidence(self) -> Evidence:
        w, (number, routing) = self.w, self.w.published
        routes = routing.answers | routing.shadow
        left = w.rollout and (w.rollout.new if w.rollout.state == "reverting" else w.rollout.old)
        waiting = sum(r.revision == left and r.arrives <= w.now for r in w.requests)
        return Evidence(
            snapshot=number or None,
            routes={"d": routes} if routes else {},
            gateways={name: gateway.number for name, gateway in w.gateways.items()},
            waiting={"old": waiting},
        )

    @invariant()
    def every_request_has_replicas_that_will_read_it(self) -> None:
        assert all(request.revision in self.w.serving for request in self.w.requests)

    @invariant()
    def every_gateway_routes_to_replicas(self) -> None:
        assert all(g.routing.answers | g.routing.shadow <= self.w.serving for g in self.w.gateways.values())

    @invariant()
    def nobody_is_given_the_answer_of_one_in_the_shadow(self) -> None:
        """Whatever gateways still follow of it: from the shadow it comes out by a pass or a person's word alone."""
        rollout = self.w.rollout
        if rollout and rollout.state == "shadow":
            assert all(rollout.new not in g.routing.answers for g in self.w.gateways.values())
            assert not any(r.revision == rollout.new and not r.mirror for r in self.w.requests)

    @invariant()
    def no_step_has_the_number_of_another(self) -> None:
        """So that a word that was meant for the shadow is none about the canary."""
        rollout = self.w.rollout
        if rollout and rollout.shadow and rollout.in_plan:
            assert (rollout.step == 0) == (rollout.state == "shadow")

    @invariant()
    def what_can_be_rolled_back_to_runs(self) -> None:
        assert not self._kept() or (self.w.rollout and self.w.rollout.old in self.w.serving)

    @invariant()
    def what_is_live_runs_and_is_one(self) -> None:
        assert self._in("live") == ([self.w.live] if self.w.live else [])
        assert self.w.live is None or self.w.live in self.w.serving


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(max_examples=300, stateful_step_count=40)
