"""What a recorded prediction is read from: as declared, else the only output that fits."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.errors import BadManifest
from apps.registry.rules.roles import label_output, truth_fault, with_roles
from tests.registry.test_rules_manifest import DIGITS, parse

DIGIT = {"name": "digit", "datatype": "INT64", "shape": [-1]}
SCORES = {"name": "scores", "datatype": "FP32", "shape": [-1, 10]}


def roles(*outputs: dict[str, Any]) -> dict[str, str | None]:
    return {output["name"]: output["role"] for output in with_roles(outputs)}


def declared(line: str) -> dict[str, Any]:
    """The digit's output of the manifest with more said of it."""
    text = DIGITS.replace("{name: digit, datatype: INT64, shape: [-1]}", f"{{name: digit, {line}}}")
    found: dict[str, Any] = parse(text)["outputs"][0]
    return found


def test_the_only_outputs_that_fit_are_label_and_scores() -> None:
    assert roles(DIGIT, SCORES) == {"digit": "label", "scores": "scores"}


def test_of_several_that_fit_none_is_guessed() -> None:
    assert roles(DIGIT, {**DIGIT, "name": "count"}, SCORES) == {"digit": None, "count": None, "scores": "scores"}


def test_what_is_declared_goes_before_what_could_be_guessed() -> None:
    assert roles({**DIGIT, "role": "label"}, {**DIGIT, "name": "count"}, SCORES) == {
        "digit": "label",
        "count": None,
        "scores": None,
    }


def test_classes_are_kept_as_declared() -> None:
    assert declared("datatype: INT64, shape: [-1], role: label, classes: [0, 1, 2]")["classes"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("datatype: FP32, shape: [-1], role: label", "has the role label"),
        ("datatype: INT64, shape: [-1], role: scores", "has the role scores"),
        ("datatype: INT64, shape: [-1], classes: [1]", "only an output with 'role: label'"),
        ("datatype: INT64, shape: [-1], role: label, classes: [one]", "cannot hold"),
        ("datatype: BYTES, shape: [-1], role: label, classes: [a, a]", "twice"),
        ("datatype: BYTES, shape: [-1], role: label, classes: []", "classes"),
        ("datatype: BYTES, shape: [-1], role: title", "role"),
    ],
)
def test_a_role_or_classes_that_do_not_fit_are_refused(line: str, said: str) -> None:
    with pytest.raises(BadManifest, match=said):
        declared(line)


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_number_that_the_datatype_holds_may_be_true(number: int) -> None:
    assert truth_fault(str(number), DIGIT) is None


@pytest.mark.parametrize("truth", ["seven", "7.0", "07", "", " 7", str(2**63), "٧"])
def test_what_the_datatype_cannot_hold_is_never_true(truth: str) -> None:
    assert truth_fault(truth, DIGIT) is not None


def test_a_truth_outside_the_classes_is_refused_with_their_names() -> None:
    output = {"name": "animal", "datatype": "BYTES", "shape": [-1], "role": "label", "classes": ["cat", "dog"]}
    assert truth_fault("cow", output) == "'cow' is none of the classes cat, dog."
    assert truth_fault("cat", output) is None


@given(st.text())
def test_a_truth_of_a_model_without_labels_may_be_any_text_that_can_be_stored(truth: str) -> None:
    assert (truth_fault(truth, label_output([SCORES])) is None) == ("\0" not in truth and len(truth) <= 1000)
