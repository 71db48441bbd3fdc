"""A rollout by degrees or in the shadow as the page tells it."""

from typing import Any

from apps.console.states import State
from apps.deployments.models import Rollout
from apps.deployments.rules.shadow import CANARY, WAIT
from apps.deployments.rules.spec import AB
from apps.deployments.selectors import rollout_next, rollout_steps, rollout_weight

_NAMES = {
    "failed": "failed",
    "refused": "refused as the caller's fault",
    "slower": "took longer than most",
    "unsure": "less confident than most",
    "labels": "the label that moved most",
    "differs": "labelled otherwise",
    "wrong": "wrong, of those with a known truth",
}
_STATES = {
    "pass": State("no worse", "ok"),
    "fail": State("worse", "bad"),
    "inconclusive": State("inconclusive", "warn"),
}


def degrees(rollout: Rollout) -> dict[str, Any] | None:
    """Its plan, where it is in it, and what was measured; None while it stands at no step."""
    if rollout.state not in Rollout.AT_A_STEP_STATES:
        return None
    known, to = rollout.comparison, rollout_next(rollout)
    return (_shadow(rollout) if rollout.state == Rollout.State.SHADOW else _steps(rollout)) | {
        "automatic": rollout.to_revision.spec["strategy"] != AB,
        "plan": ", ".join(map(str, _shares(rollout))),
        "next": None if to is None else rollout_steps(rollout)[to],
        "comparison": known,
        "measures": [_measure(each) for each in known.get("measures", [])],
    }


def _shares(rollout: Rollout) -> list[int]:
    """Per cents of the canary's steps, without the shadow."""
    return [share for share in rollout_steps(rollout) if share]


def _steps(rollout: Rollout) -> dict[str, Any]:
    share, shares = rollout_weight(rollout), _shares(rollout)
    return {"share": share, "step": shares.index(share) + 1, "steps": shares}


def _shadow(rollout: Rollout) -> dict[str, Any]:
    plan, mirrors = rollout.to_revision.spec["shadow"], rollout.comparison.get("mirrors", {})
    return {
        "mirrored": plan["share"],
        "waits": plan["then"] == WAIT,
        "goes_on": plan["then"] == CANARY,
        "mirrors": mirrors,
        "agreement": _told(mirrors.get("agreement"), "{:.1%}"),
        "shift": _told(mirrors.get("confidence_shift"), "{:+.3f}"),
    }


def _told(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _measure(measured: dict[str, Any]) -> dict[str, Any]:
    state = _STATES[measured["verdict"]]
    return {
        "name": _NAMES[measured["name"]],
        "baseline": f"{measured['baseline']:.1%}",
        "candidate": f"{measured['candidate']:.1%}",
        "interval": f"{measured['low']:+.1%} to {measured['high']:+.1%}",
        "margin": f"{measured['margin']:+.0%}",
        "state": State(state.word, state.tone, measured["reason"]),
    }
