"""What has served its time goes, a kind at a time."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from apps.core.clock import now
from workers import housekeeping

pytestmark = pytest.mark.django_db


def test_a_step_that_fails_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def broken() -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(housekeeping, "STEPS", (broken, lambda: done.append("next")))
    housekeeping.tidy()
    assert done == ["next"]


def test_sign_ins_that_have_ended_go_and_others_stay() -> None:
    for key, hours in (("over", -1), ("open", 1)):
        Session.objects.create(session_key=key, expire_date=now() + timedelta(hours=hours))
    housekeeping.tidy()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["open"]
