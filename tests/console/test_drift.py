"""The pages of drift tell what was found, how much there is to it, and what is not known."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from apps.console.drift import REPORT_POLICY
from apps.console.selectors.drift import PAGE, drifted_now
from apps.console.selectors.drift_run import probability
from apps.console.selectors.fleet import deployment_rows
from apps.console.selectors.needs import needs
from apps.console.selectors.versions import page_versions
from apps.core.clock import now
from apps.drift.models import DriftGroup, DriftPolicy, DriftRun
from apps.drift.services import report_begin, report_finish, report_request
from apps.inference.models import KeptInput
from apps.monitoring.models import Alert
from apps.monitoring.rules.wording import drifted
from apps.monitoring.services import alert_acknowledge, alert_raise, alert_resolve
from tests.console.conftest import signed_in
from tests.drift.finished import finished_run
from tests.drift.recorded import Watched
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def watched(home: Path, world: World) -> Watched:
    watched = Watched(world)
    watched.profile()
    return watched


@pytest.fixture
def run(watched: Watched) -> DriftRun:
    return finished_run(watched.deployment, watched.revision)


def _steady(watched: Watched, hours: int) -> DriftRun:
    """So many hours ago nothing had drifted."""
    found = finished_run(watched.deployment, watched.revision, now() - timedelta(hours=hours), verdict="steady")
    DriftGroup.objects.filter(run=found).update(state="steady", driving=[])
    return found


def _text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("path", ["/drift/", "/drift/1/", "/drift/1/report/", "/drift/1/report/content"])
def test_they_are_for_the_signed_in_only(path: str) -> None:
    assert Client().get(path)["Location"].startswith("/login/")


def test_a_run_says_what_drifted_by_how_much_and_of_how_many(run: DriftRun, world: World) -> None:
    page = _text(signed_in(world.cy), f"/drift/{run.pk}/")
    assert page.index('id="group-image"') < page.index('id="group-confidence"') < page.index('id="group-audio"')
    assert "2.31<small>deviations</small>" in page
    assert "&lt; 10⁻⁶<small>&lt; 10⁻⁶ alone</small>" in page
    assert "1,000<small>of 2,000</small>" in page
    assert "image.brightness: Most often 0.2 to 0.3 in the reference, 0 to 0.1 in the window" in page


def test_not_enough_data_says_how_many_values_it_takes(run: DriftRun, world: World) -> None:
    page = _text(signed_in(world.cy), f"/drift/{run.pk}/")
    assert re.search(r"not enough data</span> ?<small>12 values in the window; at least 90 are needed</small>", page)


def test_a_sample_stands_with_its_picture_its_sound_and_what_the_model_said(run: DriftRun, world: World) -> None:
    page = _text(signed_in(world.cy), f"/drift/{run.pk}/")
    prediction = run.groups.get(name="image").driving[0]["prediction"]
    assert f'<img src="/kept/{prediction}/image/0"' in page
    assert f'src="/kept/{prediction}/sound/0"' in page
    assert "says <b>7</b>" in page
    assert "brightness: as far out as 1 in 2,000 of the reference" in page


def test_a_sample_that_was_deleted_is_said_to_be_gone(run: DriftRun, world: World) -> None:
    KeptInput.objects.all().delete()
    page = _text(signed_in(world.cy), f"/drift/{run.pk}/")
    assert "/kept/" not in page
    assert "image: no longer kept" in page


def test_runs_are_listed_newest_first_a_page_at_a_time(watched: Watched, world: World) -> None:
    usual = {"deployment": watched.deployment, "revision": 1, "profile": watched.version.reference_profiles.get()}
    more = {"trigger": "schedule", "state": "failed", "before": now(), "window": 50, "window_hours": 1, "level": 0.01}
    made = DriftRun.objects.bulk_create([DriftRun(**usual, **more) for _ in range(PAGE + 2)])
    client = signed_in(world.cy)
    first = client.get("/drift/?deployment=digits")
    assert [row.run.pk for row in first.context["rows"]] == [each.pk for each in reversed(made)][:PAGE]
    second = client.get(f"/drift/?deployment=digits&before={first.context['older']}")
    assert [row.run.pk for row in second.context["rows"]] == [made[1].pk, made[0].pk]
    assert second.context["older"] is None


def test_the_list_of_nothing_teaches_how_the_first_run_comes(world: World) -> None:
    assert "/reference" in _text(signed_in(world.cy), "/drift/")


def test_runs_of_a_deployment_that_is_not_there_are_not_found(world: World) -> None:
    assert signed_in(world.cy).get("/drift/?deployment=none").status_code == 404
    assert signed_in(world.cy).get("/drift/99/").status_code == 404


def test_a_deployment_shows_each_modality_over_its_runs_and_the_signals_that_drifted(
    watched: Watched, world: World
) -> None:
    for hours in (3, 2):
        _steady(watched, hours).results.update(state="steady")
    finished_run(watched.deployment, watched.revision)
    strips = signed_in(world.cy).get("/deployments/digits/").context["drift"].strips
    assert [strip.name for strip in strips] == ["audio", "image", "image.brightness", "prediction", "confidence"]
    assert strips[1].said == "steady twice, then drifted once"
    assert [cell.height for cell in strips[1].cells] == [8, 8, 16], "what is worse is taller"


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"every_minutes": 90}, "The next is due in 90 min."),
        ({"every_minutes": None, "every_predictions": 5000}, "The next is due after 5,000 predictions."),
        ({"every_minutes": None}, "None is due: the policy asks for none."),
    ],
)
def test_a_deployment_says_when_the_next_run_is_due(
    run: DriftRun, world: World, policy: dict[str, int | None], told: str
) -> None:
    DriftPolicy.objects.create(deployment=run.deployment, **policy)
    assert signed_in(world.cy).get("/deployments/digits/").context["drift"].next == told


def test_the_button_asks_for_a_run_and_leads_there(watched: Watched, world: World) -> None:
    answer = signed_in(world.ada).post("/deployments/digits/drift")
    asked = DriftRun.objects.get()
    assert answer["Location"] == f"/drift/{asked.pk}/"
    assert (asked.trigger, asked.requested_by) == ("demand", world.ada)


def test_who_may_not_operate_has_no_button_and_is_refused(watched: Watched, world: World) -> None:
    client = signed_in(world.cy)
    assert "Run now" not in _text(client, "/deployments/digits/")
    assert client.post("/deployments/digits/drift").status_code == 403
    assert not DriftRun.objects.exists()


def test_without_a_profile_the_button_says_why_not(home: Path, world: World) -> None:
    Watched(world)
    page = _text(signed_in(world.ada), "/deployments/digits/")
    assert "has no reference profile to compare with." in page
    assert 'form="drift-run"' not in page
    assert signed_in(world.ada).post("/deployments/digits/drift").status_code == 409


def test_the_overview_says_what_drifted_and_since_when(watched: Watched, world: World) -> None:
    _steady(watched, 3)
    first = finished_run(watched.deployment, watched.revision, now() - timedelta(hours=2))
    last = finished_run(watched.deployment, watched.revision, now() - timedelta(hours=1))
    [need] = [each for each in needs(world.cy, deployment_rows()) if "drifted" in each.title]
    assert need.title == "digits: image has drifted"
    assert need.since == first.finished_at
    assert need.actions[0].href == f"/drift/{last.pk}/"
    assert need.text == "image.brightness: 2.31 deviations from the reference."


def test_one_card_tells_of_everything_that_drifted_in_a_deployment_and_who_sees_to_it(
    watched: Watched, world: World
) -> None:
    run = finished_run(watched.deployment, watched.revision)
    DriftGroup.objects.filter(run=run, name="audio").update(
        state="drifted", reason="sound.snr: 9.10 deviations from the reference; sound.pitch: 2.00 of them; 3 more"
    )
    for alert in [_alert("audio"), _alert("image")]:
        alert_acknowledge(actor=world.ada, alert=alert, comment="New microphones.")
    [need] = [each for each in needs(world.cy, deployment_rows()) if "drifted" in each.title]
    assert need.title == "digits: audio and image have drifted"
    assert need.text == (
        "sound.snr: 9.10 deviations from the reference; image.brightness: 2.31 deviations from the reference. "
        "ada sees to it."
    )


def test_what_an_earlier_revision_met_stays_one_card_until_the_live_one_is_steady(
    watched: Watched, world: World
) -> None:
    run = finished_run(watched.deployment, watched.revision)
    DriftRun.objects.filter(pk=run.pk).update(revision=7)
    for group in ("image", "audio"):
        _alert(group)
    [need] = [each for each in needs(world.cy, deployment_rows()) if "drifted" in each.title]
    assert need.title == "digits: audio and image had drifted"
    assert need.actions[0].href == "/alerts/?deployment=digits"
    for group in ("image", "audio"):
        alert_resolve(key=("drift", "digits", group), why="Steady.")
    assert [each for each in needs(world.cy, deployment_rows()) if "drifted" in each.title] == []


def _alert(group: str) -> Alert:
    alert = alert_raise(finding=drifted("digits", 2, group, "far"))
    assert alert is not None
    return alert


def test_a_run_that_could_not_tell_takes_nothing_back_and_a_steady_one_does(watched: Watched) -> None:
    finished_run(watched.deployment, watched.revision, now() - timedelta(hours=3))
    blind = finished_run(watched.deployment, watched.revision, now() - timedelta(hours=2))
    DriftGroup.objects.filter(run=blind).update(state="not_enough_data")
    assert [each.groups for each in drifted_now()] == [["image"]]
    _steady(watched, 1)
    assert drifted_now() == []


def test_what_drifted_under_an_older_revision_is_no_news(watched: Watched) -> None:
    DriftRun.objects.filter(pk=finished_run(watched.deployment, watched.revision).pk).update(revision=7)
    assert drifted_now() == []


def test_a_run_that_ends_and_a_report_that_is_made_are_news_to_open_pages(
    run: DriftRun, watched: Watched, world: World
) -> None:
    seen = [page_versions()["deployment.digits"]]
    report_request(actor=world.ada, run=run)
    seen.append(page_versions()["deployment.digits"])
    finished_run(watched.deployment, watched.revision)
    seen.append(page_versions()["deployment.digits"])
    assert len(set(seen)) == 3


@pytest.mark.parametrize("packed", [True, False])
def test_evidentlys_page_is_answered_in_a_sandbox_of_its_own(run: DriftRun, world: World, packed: bool) -> None:
    _report(world, run)
    headers = {"Accept-Encoding": "gzip"} if packed else {}
    answer = signed_in(world.cy).get(f"/drift/{run.pk}/report/content", headers=headers)
    assert answer["Content-Security-Policy"] == REPORT_POLICY
    assert "allow-same-origin" not in REPORT_POLICY
    assert answer.get("Content-Encoding") == ("gzip" if packed else None)
    assert (answer.content == b"<p>theirs</p>") is not packed


def test_the_frame_around_it_lets_scripts_run_and_nothing_else(run: DriftRun, world: World) -> None:
    _report(world, run)
    page = _text(signed_in(world.cy), f"/drift/{run.pk}/report/")
    assert 'sandbox="allow-scripts"' in page
    assert "Left out: sound.pitch (few)." in page


def test_evidentlys_opinion_stands_beside_the_verdict(run: DriftRun, world: World) -> None:
    _report(world, run)
    page = _text(signed_in(world.cy), f"/drift/{run.pk}/")
    assert '<span class="quiet">not drifted</span><small>K-S p_value 0.21</small>' in page


def test_a_report_that_nobody_made_is_not_found(run: DriftRun, world: World) -> None:
    assert signed_in(world.cy).get(f"/drift/{run.pk}/report/content").status_code == 404


def test_the_report_is_asked_for_by_a_button(run: DriftRun, world: World) -> None:
    answer = signed_in(world.cy).post(f"/drift/{run.pk}/report/make")
    assert answer["Location"] == f"/drift/{run.pk}/report/"
    assert "It waits for the analysis process." in _text(signed_in(world.cy), f"/drift/{run.pk}/report/")


@pytest.mark.parametrize(
    ("p", "text"), [(None, "—"), (0.4321, "0.43"), (0.00213, "0.0021"), (2.4e-5, "2 × 10⁻⁵"), (1e-9, "< 10⁻⁶")]
)
def test_a_probability_has_as_many_digits_as_say_something(p: float | None, text: str) -> None:
    assert probability(p) == text


def _report(world: World, run: DriftRun) -> None:
    begun = report_begin(run_id=run.pk, ticket=report_request(actor=world.ada, run=run).ticket)
    assert begun is not None
    opinions = {"image.brightness": {"drifted": False, "method": "K-S p_value", "score": 0.21}}
    report_finish(report=begun, html="<p>theirs</p>", opinions=opinions, left_out={"sound.pitch": "few"})


def test_the_fleet_says_which_sense_of_a_deployment_drifted(run: DriftRun, world: World) -> None:
    page = _text(signed_in(world.cy), "/deployments/")
    link = re.search(rf'<a href="/drift/{run.pk}/">(.*?)</a><small>(.*?)</small>', page)
    assert link and "drifted" in link[1] and link[2] == "image"


def test_the_fleet_goes_by_the_newest_run_of_the_live_revision(watched: Watched, world: World) -> None:
    finished_run(watched.deployment, watched.revision, now() - timedelta(hours=2))
    newest = _steady(watched, 1)
    finished_run(watched.deployment, watched.revision, state="waiting", verdict="")
    assert f'<a href="/drift/{newest.pk}/">' in _text(signed_in(world.cy), "/")
    DriftRun.objects.update(revision=watched.revision.number + 1)
    assert "not looked at" in _text(signed_in(world.cy), "/")
