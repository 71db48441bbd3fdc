"""The audit trail reads as sentences."""

import re
from pathlib import Path

import pytest
from django.contrib.admin import site
from django.db import transaction

from apps.console.sentences import MINOR, SENTENCES, sentence
from apps.core import audit
from apps.core.admin import AuditedAdmin
from tests.world import World

ROOT = Path(__file__).parents[2]


def test_every_action_that_the_code_writes_has_a_sentence() -> None:
    written = set()
    for source in (path for folder in ("apps", "workers", "controlplane") for path in (ROOT / folder).rglob("*.py")):
        text = source.read_text()
        written |= set(re.findall(r"""action=\s*"([a-z_]+\.[a-z_]+)\"""", text))
        written |= set(re.findall(r"""_record(?:_end)?\(\w+, "([a-z_]+\.[a-z_]+)\"""", text))
    assert written, "the search found nothing: it no longer fits the code"
    assert written - SENTENCES.keys() == set()
    assert MINOR - SENTENCES.keys() == set()


def test_every_act_of_an_audited_admin_has_a_sentence() -> None:
    audited = [model._meta.model_name for model, page in site._registry.items() if isinstance(page, AuditedAdmin)]
    assert {*audited} >= {"user", "group", "policy"}
    acts = {f"{name}.{did}" for name in audited for did in ("created", "changed", "deleted")}
    assert acts | {"user.password_changed"} <= SENTENCES.keys()


@pytest.mark.django_db
def test_the_target_is_a_link_and_the_detail_is_in_the_sentence(world: World) -> None:
    with transaction.atomic():
        entry = audit.record(
            actor=world.ada, action="revision.requested", target="deployment:digits", revision=2, version="digits-av/2"
        )
    line = sentence(entry)
    assert (
        f"{line.actor} {line.before}{line.name}{line.after}" == "ada asked to run digits-av/2 as revision 2 of digits"
    )
    assert line.href == "/deployments/digits/"


@pytest.mark.django_db
def test_an_action_that_nobody_foresaw_is_shown_by_its_name(world: World) -> None:
    with transaction.atomic():
        entry = audit.record(actor=None, action="moon.rose", target="sky:night")
    line = sentence(entry)
    assert f"{line.actor} {line.before}{line.name}" == "Quartet moon.rose night"


@pytest.mark.django_db
def test_detail_that_is_missing_is_a_dash(world: World) -> None:
    with transaction.atomic():
        entry = audit.record(actor=None, action="rollout.failed", target="deployment:digits")
    line = sentence(entry)
    assert f"{line.before}{line.name}{line.after}" == "gave up the rollout of digits to revision —: —"


@pytest.mark.django_db
def test_bytes_are_told_as_people_read_them(world: World) -> None:
    with transaction.atomic():
        entry = audit.record(actor=None, action="version.measure", target="version:d/1", memory_bytes=424_054_784)
    assert sentence(entry).after.endswith("in use: 424 MB")
