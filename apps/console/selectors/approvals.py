"""Approval requests as their pages show them: what is asked, on what evidence, who said what, what is still needed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.urls import reverse

from apps.approvals.models import ApprovalRequest, Decision
from apps.approvals.selectors import (
    approvals_given,
    approvals_required,
    decision_refusal,
    decisions_counting,
    request_overdue,
    requests_list,
    terms_of,
)
from apps.console.states import approval_state
from apps.core.models import User

#: Closed requests that the list shows.
_CLOSED = 50
_PAGES = {"rollout": "console:deployment", "alias": "console:model"}
#: What the last approval does.
EFFECTS = {
    "rollout": "The last approval needed starts the rollout: when the new replicas are ready, traffic moves to them.",
    "alias": "The last approval needed moves the alias at once.",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of the evidence: a text, or a table with a heading over each column; `words` where more than what a row
    is about is a text."""

    name: str
    text: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    words: bool = False


def approval_rows() -> dict[str, list[dict[str, Any]]]:
    """Open requests, the oldest first, and the last closed ones."""
    shown = [*requests_list(state="open"), *requests_list().exclude(state="open")[:_CLOSED]]
    rows: list[dict[str, Any]] = [
        {"request": each, "state": approval_state(each), "progress": progress(each)} for each in shown
    ]
    waiting = [row for row in rows if _waits(row["request"])]
    return {"open": waiting[::-1], "closed": [row for row in rows if row not in waiting]}


def approval_context(actor: User, request: ApprovalRequest) -> dict[str, Any]:
    """The page of one request for `actor`."""
    decisions: QuerySet[Decision] = request.decisions.select_related("reviewer")
    counts: Iterable[Decision] = decisions_counting(request) if _waits(request) else decisions
    counting = {decision.pk for decision in counts}
    refusal = decision_refusal(actor, request)
    return {
        "request_shown": request,
        "state": approval_state(request),
        "facts": evidence_facts(request.evidence),
        "decisions": [{"decision": each, "counts": each.pk in counting} for each in decisions],
        "comments": list(request.comments.select_related("author")),
        "progress": progress(request),
        "missing": _missing(request),
        "refusal": refusal,
        "open": _waits(request),
        "effect": EFFECTS.get(request.kind, ""),
        "place": _place(request),
        "may_comment": request.requested_by.person_id == actor.person_id
        or actor.has_perm("approvals.decide_approvalrequest"),
    }


def _place(request: ApprovalRequest) -> str:
    """The page of the deployment or model that it is about."""
    return reverse(_PAGES[request.kind], args=[request.scope]) if request.kind in _PAGES and request.scope else ""


def progress(request: ApprovalRequest) -> str:
    """Such as `1 of 2 approvals`; only those that count."""
    required = approvals_required(request)
    return f"{approvals_given(request)} of {required} approval{'s' if required != 1 else ''}"


def _missing(request: ApprovalRequest) -> str:
    """What is still needed, in a sentence."""
    if not _waits(request):
        return ""
    terms = terms_of(request)
    more, groups = terms.required - approvals_given(request), Group.objects.filter(pk__in=terms.groups).order_by("name")
    who = " and of ".join(f"the group {group.name}" for group in groups)
    return f"{more} more approval{'s' if more != 1 else ''}{f' by members of {who}' if who else ''}, and no rejection."


def _waits(request: ApprovalRequest) -> bool:
    return request.state == ApprovalRequest.State.OPEN and not request_overdue(request)


def evidence_facts(evidence: dict[str, Any]) -> list[Fact]:
    """The evidence: what decides most, what compares numbers, the rest, and last a plan's every field. Objects of
    objects and lists of objects are tables.

    The database keeps the keys of an object in an order of its own.
    """
    return sorted((_fact(name, value) for name, value in evidence.items()), key=_rank)


def _rank(fact: Fact) -> int:
    if fact.name in _FIRST:
        return _FIRST.index(fact.name)
    return len(_FIRST) + (2 if fact.name == _LAST else int(not fact.columns))


def _fact(name: str, value: Any) -> Fact:
    if isinstance(value, dict) and value and all(isinstance(each, dict) for each in value.values()):
        return _table(name, [{"": key, **each} for key, each in value.items()])
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return _table(name, value)
    if isinstance(value, dict):
        return Fact(name, ", ".join(f"{key} {_text(each)}" for key, each in value.items()) or "—")
    return Fact(name, _text(value))


def _table(name: str, rows: list[dict[str, Any]]) -> Fact:
    columns = sorted(dict.fromkeys(key for row in rows for key in row), key=lambda column: column not in _HEADS)
    written = [[_text(row.get(column), signed=column in _SIGNED) for column in columns] for row in rows]
    words = any(isinstance(row.get(column), str) for row in rows for column in columns[1:])
    return Fact(name, columns=columns, rows=written, words=words)


_FIRST, _LAST = ("Not as usual", "Evaluation", "Earlier evaluations"), "Plan"
#: What a row is about, which the database may have put behind its numbers.
_HEADS = ("", "slice", "what")
_SIGNED = ("change", "difference")


def _text(value: Any, signed: bool = False) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        sign = "+" if signed and value else ""
        return f"{value:{sign},}" if isinstance(value, int) else f"{value:{sign}.4g}"
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
