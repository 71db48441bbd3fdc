"""The page says everything that was measured, and what was not, and why; and it is drawn from the results alone."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import chart, page, results
from bench.part import Target
from bench.parts import PARTS
from tests.bench.made import SPEED, WAIT, part, result

DOCS = Path(__file__).parents[2] / "docs"
servers = st.sampled_from(["quartet", "mosec", "litserve", "kserve", "fp32/ray"])
measured = st.dictionaries(servers, st.fixed_dictionaries({SPEED: st.lists(st.floats(0.1, 1e6), min_size=1)}))


def rendered(*targets: Target, **changes: object) -> str:
    rows = changes.pop("rows", {"quartet": {SPEED: [30.0, 10.0, 20.0]}, "mosec": {SPEED: [20.0, 20.0, 20.0]}})
    return page.render({"race": part(*targets)}, {"race": result(rows, **changes)})  # type: ignore[arg-type]


def line(text: str, start: str) -> str:
    return next(each for each in text.splitlines() if each.startswith(f"| {start} |"))


@given(measured, st.dictionaries(servers, st.sampled_from(["does not install", "did not answer"])))
def test_no_server_is_dropped(rows: dict[str, dict[str, list[float]]], reasons: dict[str, str]) -> None:
    text = rendered(rows=rows, reasons=reasons)
    for name in rows.keys() | reasons.keys():
        told = next(each for each in text.splitlines() if each.startswith(f"| {page.label(name)}"))
        assert reasons.get(name, "") in told


def test_a_figure_is_the_median_with_its_spread() -> None:
    assert "20 (10–30)" in line(rendered(), "Quartet")


def test_a_server_is_set_against_quartet_round_by_round() -> None:
    assert line(rendered(), "mosec").endswith("| 1 (0.5–1.5) × |")


def test_a_measure_that_nobody_has_takes_no_column() -> None:
    assert "1 connection" not in rendered()
    assert "1 connection" in rendered(rows={"quartet": {WAIT: [1.0]}})


def test_a_reason_cannot_break_the_table() -> None:
    assert "a \\| b c" in line(rendered(reasons={"kserve": "a | b\nc"}), "KServe")


@pytest.mark.parametrize(
    ("bound", "told"), [(15, "| reached | 1.33 |"), (40, "| **not reached** | 0.50 |")], ids=["reached", "missed"]
)
def test_each_target_has_its_verdict_and_factor(bound: float, told: str) -> None:
    assert told in rendered(Target("quartet", SPEED, bound, True))


def test_a_verdict_of_a_trial_is_marked_as_one() -> None:
    assert "| reached in a trial |" in rendered(Target("quartet", SPEED, 1, True), rounds=1)


def test_a_target_that_was_not_measured_says_so() -> None:
    assert "| not measured | – |" in rendered(Target("quartet", WAIT, 1, False))


def test_a_short_run_says_that_it_is_one() -> None:
    assert "short run" not in rendered()
    assert "short run" in rendered(rounds=2)
    assert "short run" in rendered(seconds=2.0)


def test_a_busy_machine_is_told() -> None:
    kept = result({"quartet": {SPEED: [1.0]}})
    assert "busy" not in page.render({"race": part()}, {"race": kept})
    kept["machine"]["busy"] = 60.0
    assert "busy" in page.render({"race": part()}, {"race": kept})


def test_a_part_that_was_never_measured_has_no_section() -> None:
    assert "A race" not in page.render({"race": part()}, {})


@pytest.mark.parametrize("name", PARTS)
def test_no_figure_is_typed_into_the_prose(name: str) -> None:
    prose = PARTS[name].prose
    for word in ("all-MiniLM-L6-v2", "int8"):
        prose = prose.replace(word, "")
    assert not re.search(r"\d", prose)


def test_the_page_and_the_picture_in_docs_are_drawn_from_the_results_in_docs() -> None:
    kept = results.read(DOCS / "benchmarks.json")
    assert (DOCS / "benchmarks.md").read_text(encoding="utf-8") == page.render(PARTS, kept), (
        'Draw the page anew: make bench ARGS="--draw"'
    )
    assert (DOCS / "benchmarks.svg").read_text(encoding="utf-8") == chart.draw(PARTS, kept)
