"""Every page answers, to the right people, whole or as a fragment."""

import re

import pytest
from django.test import Client

from apps.console.selectors import models
from tests.console.conftest import signed_in
from tests.console.scene import Scene, hour_of_traffic
from tests.world import World

pytestmark = pytest.mark.django_db
PAGES = [
    "/",
    "/deployments/",
    "/deployments/digits/",
    "/models/",
    "/models/digits-av/",
    "/models/digits-av/versions/2/",
    "/drift/",
    "/training/",
    "/nodes/",
    "/approvals/",
    "/alerts/",
    "/alerts/?deployment=digits&severity=page",
    "/audit/",
    "/audit/?target=deployment:digits",
    "/audit/?before=5",
]
EMPTY = [
    "/",
    "/deployments/",
    "/models/",
    "/training/",
    "/drift/",
    "/nodes/",
    "/approvals/",
    "/alerts/",
    "/audit/",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_for_the_signed_in_only(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_forbids_foreign_scripts_and_is_never_kept(path: str, scene: Scene) -> None:
    answer = signed_in(scene.world.cy).get(path)
    assert answer.status_code == 200
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"
    assert not re.search(r"<script>|\sstyle=|\son\w+=", answer.content.decode()), "the policy would block this"


@pytest.mark.parametrize("path", PAGES)
def test_a_fragment_is_the_page_without_its_frame(path: str, scene: Scene) -> None:
    client = signed_in(scene.world.ada)
    page, fragment = client.get(path).content.decode(), client.get(path, headers={"X-Fragment": "1"}).content.decode()
    assert fragment.lstrip().startswith("<div data-fragment")
    assert _parts(fragment) == _parts(page)


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_page_teaches_the_command_that_makes_the_first(path: str, world: World) -> None:
    page = signed_in(world.ada).get(path).content.decode()
    assert re.search(r"data-copy=|written down here", page)


@pytest.mark.parametrize("who", ["ada", "ben", "cy"])
def test_no_link_on_any_page_is_dead_or_refused(scene: Scene, who: str) -> None:
    scene.asking().asking_for_champion().broken()
    client = signed_in(getattr(scene.world, who))
    to_visit, seen = ["/"], set()
    while to_visit:
        path = to_visit.pop()
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, path
        if not path.startswith(("/admin/", "/api/")):
            found = re.findall(r'href="(/[^"#]*)', answer.content.decode())
            to_visit += (
                {link.replace("&amp;", "&") for link in found if not link.startswith("/static/")} - seen - {*to_visit}
            )
    assert len(seen) > 15


@pytest.mark.parametrize(
    "path", ["/deployments/nobody/", "/models/nobody/", "/models/digits-av/versions/99/", "/nowhere/"]
)
def test_what_is_not_there_is_said_in_words(path: str, scene: Scene) -> None:
    answer = signed_in(scene.world.ada).get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_what_somebody_registered_never_becomes_markup(scene: Scene) -> None:
    scene.digits.description = "<script>alert(1)</script>"
    scene.digits.save(update_fields=["description"])
    page = signed_in(scene.world.ada).get("/deployments/digits/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_unknown_numbers_are_dashes_and_known_ones_are_written_out(scene: Scene) -> None:
    client = signed_in(scene.world.ada)
    assert '<span data-figure="digits.rate">—</span>' in client.get("/").content.decode()
    hour_of_traffic()
    assert re.search(r'<span data-figure="digits.rate">\d+</span>', client.get("/").content.decode())


def test_the_navigation_counts_what_waits_for_approval(scene: Scene) -> None:
    scene.asking()
    assert '1<span class="unseen"> open' in signed_in(scene.world.cy).get("/").content.decode()


def test_the_audit_trail_goes_back_page_by_page(scene: Scene) -> None:
    client = signed_in(scene.world.ada)
    first = client.get("/audit/?before=20").content.decode()
    numbers = [int(n) for n in re.findall(r'id="entry-(\d+)"', first)]
    assert numbers == list(range(19, 0, -1))


def test_a_model_with_many_versions_shows_the_newest_and_how_many_there_are(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, told = signed_in(scene.world.ada), "The newest 1 of 2 versions"
    assert told not in client.get("/models/digits-av/").content.decode()
    monkeypatch.setattr(models, "_VERSIONS", 1)
    page = client.get("/models/digits-av/").content.decode()
    assert told in page
    assert 'id="version-2"' in page
    assert 'id="version-1"' not in page


def test_a_query_of_nonsense_is_no_error(scene: Scene) -> None:
    assert signed_in(scene.world.ada).get("/audit/?before=x&target=%00%27").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_fleet(scene: Scene, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    client = signed_in(scene.world.ada)
    scene.asking().broken()
    with django_assert_max_num_queries(50):
        client.get("/")


def _parts(html: str) -> list[str]:
    return re.findall(r'data-part="([^"]+)"', html)
