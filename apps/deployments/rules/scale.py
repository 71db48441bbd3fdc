"""How many replicas a stage should have, from what waits for them: up soon, down late, to nothing when nobody asks.

The two delays count apart, as in Ray Serve's and Knative's autoscalers: pressure must last `up_s` before a stage grows
and slack `down_s` before it shrinks, and every change starts both anew. Times are seconds on any one clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the specification allows. `queue_ms`: the longest that a request should wait for a replica; `in_flight`:
    requests, waiting or in progress, for each replica."""

    least: int
    most: int
    queue_ms: int = 100
    in_flight: int = 64
    up_s: int = 2
    down_s: int = 60
    idle_s: int = 300

    @classmethod
    def of(cls, least: int, most: int, scale: Mapping[str, int]) -> "Bounds":
        """From a stored stage; one from before there was scaling has an empty `scale`."""
        return cls(least, most, **scale)


@dataclass(frozen=True, slots=True)
class Load:
    """What is seen of one stage in its three streams: requests that wait, how long the oldest has (milliseconds), those
    in progress, seconds since one last came (None: not known), and its ready replicas."""

    waiting: int = 0
    in_progress: int = 0
    oldest_ms: float = 0.0
    quiet_s: float | None = None
    ready: int = 0

    @property
    def requests(self) -> int:
        return self.waiting + self.in_progress


@dataclass(frozen=True, slots=True)
class Scale:
    """How many replicas a stage should have and why, since when it is pressed or slack, and when it was last used."""

    desired: int
    reason: str = ""
    pressed_since: float | None = None
    slack_since: float | None = None
    used_at: float = 0.0


def scale(state: Scale, load: Load | None, bounds: Bounds, now: float) -> Scale:
    """The stage's next state. `load` is None where nobody could look: what nobody saw lasting does not count."""
    if not bounds.least <= state.desired <= bounds.most:
        desired = min(max(state.desired, bounds.least), bounds.most)
        state = _changed(state, desired, f"The stage has {bounds.least} to {bounds.most} replicas.")
    if load is None:
        return replace(state, pressed_since=None, slack_since=None)
    state = replace(state, used_at=_used(state, load, now))
    if state.desired == 0:
        return _changed(state, 1, "A request waits, and no replica runs.") if load.requests else _calm(state)
    if bounds.least == 0 and not load.requests and now - state.used_at >= bounds.idle_s:
        return _changed(state, 0, f"No request came for {bounds.idle_s} s.")
    state = _timed(state, load, bounds, now)
    return _grown(state, load, bounds, now) or _shrunk(state, load, bounds, now) or state


def start_count(least: int, most: int, present: int) -> int:
    """Replicas that a new stage begins with: as many as the one that it takes over from has, and one at the least,
    which proves that it loads."""
    return max(1, min(max(present, least), most))


def _changed(state: Scale, desired: int, reason: str) -> Scale:
    return replace(state, desired=desired, reason=reason, pressed_since=None, slack_since=None)


def _calm(state: Scale) -> Scale:
    return replace(state, pressed_since=None, slack_since=None)


def _used(state: Scale, load: Load, now: float) -> float:
    if load.requests:
        return now
    return max(state.used_at, now - load.quiet_s) if load.quiet_s is not None else state.used_at


def _timed(state: Scale, load: Load, bounds: Bounds, now: float) -> Scale:
    """The two clocks: each runs while its condition lasts."""
    pressed = load.oldest_ms > bounds.queue_ms or load.requests > bounds.in_flight * state.desired
    fewer = bounds.in_flight * (state.desired - 1)
    slack = not pressed and load.oldest_ms * 2 <= bounds.queue_ms and load.requests * 2 <= fewer
    return replace(
        state,
        pressed_since=_since(state.pressed_since, pressed, now),
        slack_since=_since(state.slack_since, slack, now),
    )


def _since(began: float | None, holds: bool, now: float) -> float | None:
    if not holds:
        return None
    return now if began is None else min(began, now)


def _grown(state: Scale, load: Load, bounds: Bounds, now: float) -> Scale | None:
    if state.pressed_since is None or now - state.pressed_since < bounds.up_s:
        return None
    # One more for the delay only once all that were asked for are there: a replica takes longer to load than `up_s`.
    step = state.desired + 1 if load.ready >= state.desired else state.desired
    desired = min(bounds.most, max(step, ceil(load.requests / bounds.in_flight)))
    if desired <= state.desired:
        return None
    return _changed(
        state, desired, f"{load.requests} requests were under way, the oldest waiting {load.oldest_ms:.0f} ms."
    )


def _shrunk(state: Scale, load: Load, bounds: Bounds, now: float) -> Scale | None:
    if state.slack_since is None or now - state.slack_since < bounds.down_s:
        return None
    if state.desired <= max(bounds.least, 1):
        return None
    return _changed(state, state.desired - 1, f"Fewer replicas were enough for {bounds.down_s} s.")
