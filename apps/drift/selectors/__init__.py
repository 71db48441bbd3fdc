"""Reads of this app; window.py, which loads numpy, is imported by name by those who need it."""

from apps.drift.selectors.runs import (
    drifted_groups,
    groups_now,
    is_first_run,
    policy_of,
    profile_newest,
    profiles_newest,
    run_last,
    runs_claimable,
    runs_list,
)

__all__ = [
    "drifted_groups",
    "groups_now",
    "is_first_run",
    "policy_of",
    "profile_newest",
    "profiles_newest",
    "run_last",
    "runs_claimable",
    "runs_list",
]
