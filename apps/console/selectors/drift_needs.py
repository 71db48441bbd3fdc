"""Drift on the overview: one card for each deployment, however many groups of its signals drifted."""

from itertools import groupby
from operator import attrgetter
from urllib.parse import urlencode

from django.urls import reverse

from apps.console.selectors.cards import Action, Need
from apps.console.selectors.drift import Drifted, drifted_now
from apps.monitoring.models import Alert


def drift_needs(raised: list[Alert]) -> list[Need]:
    """Of deployments whose live revision meets drift, then of those with open alerts of an earlier one."""
    rows = sorted(raised, key=attrgetter("deployment", "group"))
    alerts = {name: list(group) for name, group in groupby(rows, key=attrgetter("deployment"))}
    present = [_drifting(found, alerts.pop(found.deployment, [])) for found in drifted_now()]
    return present + [_drifted_earlier(name, of_it) for name, of_it in alerts.items()]


def _drifting(found: Drifted, alerts: list[Alert]) -> Need:
    furthest = "; ".join(reason.partition(";")[0] for reason in found.reasons)  # of each group; its run says the rest
    return Need(
        title=f"{found.deployment}: {_listed(found.groups)} {'have' if len(found.groups) > 1 else 'has'} drifted",
        text=f"{furthest}. {_seen_to(alerts)}".strip(),
        tone="warn",
        since=found.first.finished_at,
        began="First seen",
        actions=[Action("See what changed", reverse("console:drift-run", args=[found.last.pk]))],
    )


def _drifted_earlier(name: str, alerts: list[Alert]) -> Need:
    over = "This is over with the first drift run that finds the live revision steady."
    return Need(
        title=f"{name}: {_listed([each.group for each in alerts])} had drifted",
        text=f"{over} {_seen_to(alerts)}".strip(),
        tone="warn",
        since=min(each.raised_at for each in alerts if each.raised_at),
        began="Raised",
        actions=[Action("Open", f"{reverse('console:alerts')}?{urlencode({'deployment': name})}")],
    )


def _seen_to(alerts: list[Alert]) -> str:
    names = sorted({each.acknowledged_by.get_username() for each in alerts if each.acknowledged_by})
    return f"{_listed(names)} {'see' if len(names) > 1 else 'sees'} to it." if names else ""


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
