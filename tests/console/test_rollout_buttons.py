"""The buttons of a rollout on its deployment's page: what each does, and that none does what its page did not show."""

import re
from dataclasses import dataclass, field

import pytest
from django.http import HttpResponse
from django.test import Client

from apps.core.models import AuditEntry
from apps.deployments.models import Deployment, Rollout
from apps.deployments.selectors import routing_deployments
from apps.deployments.services import rollout_pause, rollout_promote
from tests.console.conftest import signed_in
from tests.console.scene import DIGITS
from tests.deployments.makers import Fleet, approve, make_deployment, make_revision, make_version
from tests.world import World

pytestmark = pytest.mark.django_db
PAGE = "/deployments/digits/"


@dataclass
class Coming:
    """`digits` answers with revision 1; others come in by degrees."""

    world: World
    fleet: Fleet = field(default_factory=Fleet)
    deployment: Deployment = field(init=False)

    def __post_init__(self) -> None:
        self.deployment = make_deployment(self.world)
        version = make_version(self.world, manifest=DIGITS)
        self.fleet.go_live(self.world, self.deployment, make_revision(self.world, self.deployment, version))

    def comes(self, number: int) -> Rollout:
        """Revision `number` has 10 % of the traffic."""
        version = make_version(self.world, number, manifest=DIGITS)
        plan = {"strategy": "canary", "canary": {"steps": [10, 20, 50]}, "keep_s": 600}
        revision = make_revision(self.world, self.deployment, version, **plan)
        approve(self.world, revision)
        self.fleet.finish(self.deployment)  # what is on its way ends first
        return Rollout.objects.get(to_revision=revision)


@pytest.fixture
def coming(world: World) -> Coming:
    return Coming(world)


@pytest.fixture
def rollout(coming: Coming) -> Rollout:
    return coming.comes(2)


@pytest.fixture
def ada(world: World) -> Client:
    return signed_in(world.ada)


def shown(client: Client) -> dict[str, str]:
    """What the page's buttons would send with their act."""
    html = client.get(PAGE).content.decode()
    return dict(re.findall(r'<input type="hidden" form="rollout" name="(\w+)" value="(\d+)">', html))


def acts(client: Client) -> set[str]:
    """The buttons that the page has."""
    return set(re.findall(r'form="rollout" name="act" value="(\w+)"', client.get(PAGE).content.decode()))


def press(client: Client, act: str, page: dict[str, str] | None = None) -> HttpResponse:
    """Press a button of the page as it is, or as it was when `page` was shown."""
    told = shown(client) if page is None else page
    return client.post(f"{PAGE}rollout", {"act": act, **told})  # type: ignore[return-value]


def words(answer: HttpResponse) -> str:
    return answer.content.decode()


def weights() -> list[tuple[int, int]]:
    return [(split["revision"], split["weight"]) for split in routing_deployments()["digits"]["splits"]]


def test_promoting_takes_the_next_step_and_shows_the_page_again(world: World, ada: Client, rollout: Rollout) -> None:
    answer = press(ada, "promote")
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert weights() == [(1, 80), (2, 20)]
    assert AuditEntry.objects.get(action="rollout.promoted").actor == world.ada


def test_promoting_from_the_last_step_gives_it_all_traffic(ada: Client, rollout: Rollout) -> None:
    for _ in range(3):
        press(ada, "promote")
    assert weights() == [(2, 100)]


def test_a_paused_one_can_be_resumed(ada: Client, rollout: Rollout) -> None:
    assert acts(ada) == {"promote", "pause", "abort"}
    press(ada, "pause")
    rollout.refresh_from_db()
    assert rollout.pause_reason == "Paused by ada."
    assert acts(ada) == {"promote", "resume", "abort"}
    press(ada, "resume")
    rollout.refresh_from_db()
    assert (rollout.paused_at, weights()) == (None, [(1, 90), (2, 10)])


def test_aborting_sends_all_traffic_back(ada: Client, rollout: Rollout) -> None:
    press(ada, "abort")
    rollout.refresh_from_db()
    assert (rollout.state, rollout.reason, weights()) == ("reverting", "Aborted by ada.", [(1, 100)])
    assert acts(ada) == set()


def test_a_double_click_promotes_one_step_and_says_so(ada: Client, rollout: Rollout) -> None:
    page = shown(ada)
    press(ada, "promote", page)
    again = press(ada, "promote", page)
    assert (again.status_code, weights()) == (409, [(1, 80), (2, 20)])
    assert "at another step by now, with 20 % of the traffic; nothing was done" in words(again)


@pytest.mark.parametrize("act", ["promote", "pause", "abort"])
def test_a_page_of_an_earlier_rollout_moves_no_later_one(
    ada: Client, coming: Coming, rollout: Rollout, act: str
) -> None:
    page = shown(ada)
    press(ada, "abort")
    later = coming.comes(3)
    answer = press(ada, act, page)
    later.refresh_from_db()
    assert (answer.status_code, later.paused_at, weights()) == (409, None, [(1, 90), (3, 10)])
    assert "This rollout is Failed" in words(answer)


def test_a_pause_for_another_reason_is_not_lifted_by_a_page_that_did_not_show_it(
    world: World, ada: Client, rollout: Rollout
) -> None:
    press(ada, "pause")
    page = shown(ada)
    rollout_promote(actor=world.ada, rollout_id=rollout.pk)
    rollout_pause(actor=world.ada, rollout_id=rollout.pk)
    assert press(ada, "resume", page).status_code == 409
    rollout.refresh_from_db()
    assert rollout.paused_at is not None


@pytest.mark.parametrize("act", ["pause", "abort"])
def test_holding_and_giving_up_mean_the_rollout_at_whichever_step(ada: Client, rollout: Rollout, act: str) -> None:
    page = shown(ada)
    press(ada, "promote")
    assert press(ada, act, page).status_code == 302


def test_who_may_not_operate_has_no_button_and_moves_nothing(world: World, ada: Client, rollout: Rollout) -> None:
    cy = signed_in(world.cy)
    assert acts(cy) == set()
    assert press(cy, "promote", shown(ada)).status_code == 403
    assert weights() == [(1, 90), (2, 10)]


@pytest.mark.parametrize(
    "told", [{"act": "explode"}, {"act": "promote", "rollout": "1000000"}, {"act": "abort", "rollout": "²"}]
)
def test_what_no_button_sends_is_not_found(ada: Client, rollout: Rollout, told: dict[str, str]) -> None:
    assert ada.post(f"{PAGE}rollout", told).status_code == 404
    assert weights() == [(1, 90), (2, 10)]


def test_one_that_names_no_step_promotes_nothing(ada: Client, rollout: Rollout) -> None:
    assert press(ada, "promote", {"rollout": str(rollout.pk)}).status_code == 409
    assert weights() == [(1, 90), (2, 10)]


def test_going_back_goes_to_the_revision_that_the_page_showed_or_nowhere(
    ada: Client, coming: Coming, rollout: Rollout
) -> None:
    def kept() -> str:
        return re.findall(r'form="rollback" name="kept" value="(\d+)"', ada.get(PAGE).content.decode())[0]

    for _ in range(3):
        press(ada, "promote")
    page = kept()
    coming.comes(3)
    for _ in range(3):
        press(ada, "promote")
    late = ada.post(f"{PAGE}rollback", {"kept": page})
    assert (late.status_code, weights()) == (409, [(3, 100)])
    assert "Revision 2 is kept by now; nothing was done." in words(late)  # type: ignore[arg-type]
    assert ada.post(f"{PAGE}rollback", {"kept": kept()}).status_code == 302
    assert weights() == [(2, 100)]
