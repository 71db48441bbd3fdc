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


@dataclass
class Rollout:
    old: int | None
    new: int
    state: str = "starting"
    rolling: bool = False
    degrees: bool = False
    step: int = 0
    paused: bool = False
    verdict: str = ""
    back: bool = False
    ready: bool = False
    started: bool = False
    failures: int = 0
    moved_at: float | None = None
    kept_at: float | None = None


@dataclass
class Gateway:
    number: int
    routes: frozenset[int]


@dataclass
class Request:
    revision: int
    arrives: float
    expires: float


@dataclass
class World:
    now: float = 0.0
    states: dict[int, str] = field(default_factory=dict)
    live: int | None = None
    rollout: Rollout | None = None
    serving: set[int] = field(default_factory=set)
    published: tuple[int, frozenset[int]] = (0, frozenset())
    gateways: dict[str, Gateway] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)


class Rollouts(RuleBasedStateMachine):
    """One deployment, its gateways and its requests, with replicas that start when the rules say so."""

    def __init__(self) -> None:
        super().__init__()
        self.w = World()

    @initialize(live=st.sampled_from([True, True, True, False]), how=st.sampled_from(["rolling", "degrees", ""]))
    def revision_two_is_about_to_replace_one(self, live: bool, how: str) -> None:
        """Most interesting things happen here; without `live` the deployment begins from nothing."""
        if live:
            self.w = World(
                states={1: "live", 2: "starting"},
                live=1,
                rollout=Rollout(old=1, new=2, rolling=how == "rolling", degrees=how == "degrees"),
                serving={1},
                published=(1, frozenset({1})),
                gateways={name: Gateway(1, frozenset({1})) for name in "gh"},
            )

    @precondition(lambda self: len(self.w.states) < 4)
    @rule()
    def somebody_requests(self) -> None:
        self.w.states[len(self.w.states) + 1] = "requested"

    @precondition(lambda self: "requested" in self.w.states.values())
    @rule(data=st.data())
    def somebody_approves(self, data: st.DataObject) -> None:
        self.w.states[data.draw(st.sampled_from(self._in("requested")))] = "approved"

    @precondition(lambda self: "approved" in self.w.states.values())
    @rule(how=st.sampled_from(["rolling", "degrees", ""]))
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
            replaces = w.live is not None
            rolling, degrees = how == "rolling" and replaces, how == "degrees" and replaces
            w.rollout = Rollout(old=w.live, new=turn.begin, rolling=rolling, degrees=degrees)

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

    @precondition(lambda self: self.w.rollout and self.w.rollout.state == "canary")
    @rule(verdict=st.sampled_from(["pass", "pass", "fail", "inconclusive"]))
    def what_was_answered_is_compared(self, verdict: str) -> None:
        assert self.w.rollout
        self.w.rollout.verdict = verdict

    @precondition(lambda self: self.w.rollout and self.w.rollout.state == "canary")
    @rule()
    def somebody_holds_it_or_lets_it_go_on(self) -> None:
        assert self.w.rollout
        self.w.rollout.paused = not self.w.rollout.paused

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
            progress=Progress(2, rollout.step, 1.0, 0.0, 60.0, rollout.verdict, "so measured", rollout.paused)
            if rollout.degrees
            else None,
        )
        step = advance(facts)
        if step.to is not None:
            rollout.step, rollout.verdict = step.to, ""
        self._go(rollout, step.state)

    def _go(self, rollout: Rollout, state: str) -> None:
        w = self.w
        if state == rollout.state:
            return
        rollout.state = state
        if state == "shifting":
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

    def _routes(self) -> frozenset[int]:
        w = self.w
        coming = {w.rollout.new} if w.rollout and w.rollout.state in ("rolling", "canary") else set()
        return frozenset({w.live} if w.live else set()) | coming

    @rule(name=st.sampled_from("gh"))
    def a_gateway_starts_or_follows(self, name: str) -> None:
        self.w.gateways[name] = Gateway(*self.w.published)

    @rule(name=st.sampled_from("gh"))
    def a_gateway_dies(self, name: str) -> None:
        self.w.gateways.pop(name, None)

    @rule(name=st.sampled_from("gh"), flight=st.floats(0, FLIGHT), which=st.integers(0, 1))
    def a_request_comes(self, name: str, flight: float, which: int) -> None:
        gateway = self.w.gateways.get(name)
        if gateway and gateway.routes:
            revision = sorted(gateway.routes)[which % len(gateway.routes)]
            self.w.requests.append(Request(revision, self.w.now + flight, self.w.now + TIMEOUT))

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
        w, (number, routes) = self.w, self.w.published
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
        assert all(g.routes <= self.w.serving for g in self.w.gateways.values())

    @invariant()
    def what_can_be_rolled_back_to_runs(self) -> None:
        assert not self._kept() or (self.w.rollout and self.w.rollout.old in self.w.serving)

    @invariant()
    def what_is_live_runs_and_is_one(self) -> None:
        assert self._in("live") == ([self.w.live] if self.w.live else [])
        assert self.w.live is None or self.w.live in self.w.serving


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(max_examples=300, stateful_step_count=40)
