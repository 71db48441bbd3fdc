"""The deployment page tells how often the live revision was right, and how to say what was true."""

import json
import re
import subprocess
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils.html import escape

from apps.console.call import feedback_command
from tests.console.conftest import signed_in
from tests.console.scene import DIGITS, Scene
from tests.deployments.makers import make_deployment, make_revision, make_version
from tests.inference.records import ago
from tests.monitoring.labels import predicted, true

pytestmark = pytest.mark.django_db
PAGE = "/deployments/digits/"


def text(client: Client, path: str = PAGE) -> str:
    """What a reader sees."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(path).content.decode()))


def judged(client: Client, path: str = PAGE) -> str:
    """What a reader sees of the panel."""
    found = re.search(r"Accuracy of revision.*?samples( |$)", text(client, path))
    assert found
    return found[0]


def recent(*labels: str, **more: Any) -> UUID:
    """A prediction of the live revision."""
    return predicted(*labels, revision=2, **more)


def test_accuracy_stands_with_its_interval_n_and_coverage(scene: Scene) -> None:
    true(scene.world, recent("7", "3", "1", "9"), "7", "2")
    panel = judged(signed_in(scene.world.cy))
    assert "Accuracy 50.0 % 9.45 % to 90.5 % at 95 %, n 2" in panel
    assert "Label coverage 50.0 % 2 of 4 samples" in panel


def test_it_is_of_the_live_revision_alone(scene: Scene) -> None:
    true(scene.world, predicted("7", revision=1), "7")
    assert "of revision 2" in judged(signed_in(scene.world.cy))
    assert "0 of 0 samples" in judged(signed_in(scene.world.cy))


def test_without_labels_the_accuracy_is_a_dash_and_the_page_teaches_how_to_give_one(scene: Scene) -> None:
    recent("7")
    client = signed_in(scene.world.ada)
    assert "Accuracy — n 0" in judged(client)
    assert "Label coverage 0.00 % 0 of 1 samples" in judged(client)
    page = client.get(PAGE).content.decode()
    assert escape(feedback_command("http://testserver", DIGITS)) in page
    assert "--scopes feedback" in page
    assert 'data-plot="judged"' not in page


def test_without_predictions_the_coverage_is_a_dash_too(scene: Scene) -> None:
    assert "Label coverage — 0 of 0 samples" in judged(signed_in(scene.world.cy))


def test_with_a_label_a_chart_stands_in_the_place_of_the_lesson(scene: Scene) -> None:
    true(scene.world, recent("7"), "7")
    page = signed_in(scene.world.ada).get(PAGE).content.decode()
    assert 'data-plot="judged"' in page
    assert 'data-part="accuracy-first"' not in page
    script = re.search(r'<script id="judgement" type="application/json">(.*?)</script>', page)
    assert script
    drawn = json.loads(script[1])
    [line] = drawn["revisions"]
    assert (line["accuracy"][-1], drawn["coverage"][-1], line["labelled"][-1]) == (1.0, 1.0, 1)
    assert line["accuracy"][0] is None


def test_the_chart_shows_the_live_revision_first_and_what_it_took_over_from(scene: Scene) -> None:
    for number in (1, 3, 2):
        true(scene.world, predicted("7", revision=number), "7")
    predicted("7", revision=4)
    page = signed_in(scene.world.ada).get(PAGE).content.decode()
    script = re.search(r'<script id="judgement" type="application/json">(.*?)</script>', page)
    assert script
    drawn = json.loads(script[1])
    assert [each["number"] for each in drawn["revisions"]] == [2, 3, 1], "the one without labels has no line"
    assert drawn["coverage"][-1] == 0.75, "of all of them together"


def test_how_far_back_it_looks_is_in_the_address(scene: Scene) -> None:
    true(scene.world, recent("7", at=ago(days=2)), "7")
    client = signed_in(scene.world.cy)
    assert "n 0" in judged(client)
    assert "over the last 7 days" in judged(client, f"{PAGE}?accuracy=7d")
    assert "n 1" in judged(client, f"{PAGE}?accuracy=7d")
    assert "over the last hour" in judged(client, f"{PAGE}?accuracy=nonsense")
    assert "over the last 24 hours" in judged(client, f"{PAGE}?over=24h")


def test_a_model_without_a_label_output_is_told_what_it_lacks(scene: Scene) -> None:
    outputs = [{"name": "vector", "datatype": "FP32", "shape": [-1, 8]}]
    version = make_version(scene.world, name="vectors", manifest=DIGITS | {"outputs": outputs})
    make_revision(scene.world, make_deployment(scene.world, "vectors"), version)
    lacks = "hold no label that could be right or wrong"
    client = signed_in(scene.world.cy)
    assert (lacks in text(client, "/deployments/vectors/"), lacks in text(client, PAGE)) == (True, False)


@pytest.mark.parametrize(
    ("output", "truth"),
    [
        ({"datatype": "BYTES", "classes": ["it's a cat", "$dog"]}, "it's a cat"),
        ({"datatype": "INT64", "classes": [3, 4]}, 3),
        ({"datatype": "INT64"}, 7),
        ({"datatype": "BOOL"}, True),
        ({"datatype": "BYTES"}, "the right label"),
    ],
)
def test_the_lesson_works_in_a_shell_as_it_is_pasted(output: dict[str, Any], truth: Any) -> None:
    manifest = {**DIGITS, "outputs": [{"name": "digit", "shape": [-1], "role": "label", **output}]}
    command = feedback_command("http://127.0.0.1:8400", manifest)
    shell = f"KEY=k; curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    words = subprocess.run(["bash", "-c", shell], capture_output=True, check=True).stdout.decode().split("\0")
    assert "http://127.0.0.1:8400/api/v1/predictions/the-id-of-an-answer/feedback" in words
    assert json.loads(words[words.index("-d") + 1]) == {"truth": truth}
