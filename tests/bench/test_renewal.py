"""The classifier that meets tweets is measured on what it never learned, and what could not be measured is told."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from bench.errors import Unavailable
from bench.parts.renewal import PART
from bench.place import REQUIREMENTS
from bench.renewal import figures
from bench.renewal.sets import CHECKED, LEARNED, MEASURED, MET, USUAL, Sets, drawn
from bench.renewal.through_app import BEFORE, row
from bench.verdicts import judge
from tests.rated import sdist


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In the order of the file, a film's sentences stand together, and one stands in it twice."""
    films = [(2.0 if n % 2 else -2.0, f"film {n // 10}, sentence {n}") for n in range(6000)]
    tweets = [(1.0 if n % 3 else -1.0, f"tweet {n}") for n in range(4000)]
    return sdist(tmp_path_factory.mktemp("rated") / "sdist.tar.gz", {"films": [*films, films[0]], "tweets": tweets})


@pytest.fixture(scope="module")
def sets(rated: Path) -> Sets:
    return drawn(rated, seed=1)


def parts(sets: Sets) -> list[list[tuple[str, str]]]:
    return [sets.learned, sets.checked, sets.usual, sets.met, sets.films, sets.tweets]


def test_no_sentence_is_in_two_sets(sets: Sets) -> None:
    texts = [{text for text, _ in each} for each in parts(sets)]
    assert [len(each) for each in texts] == [LEARNED, CHECKED, USUAL, MET, MEASURED, MEASURED]
    assert not any(one & other for one, other in combinations(texts, 2))


def test_a_set_is_drawn_from_the_whole_file(sets: Sets) -> None:
    for each, prefix in ((sets.learned, "film "), (sets.films, "film "), (sets.met, "tweet "), (sets.tweets, "tweet ")):
        assert all(text.startswith(prefix) for text, _ in each)
        places = [int(text.split()[-1]) for text, _ in each]
        assert places != sorted(places)
        assert max(places) - min(places) > 0.9 * (6000 if prefix == "film " else 4000)
        assert {mood for _, mood in each} == {"positive", "negative"}


def test_another_round_draws_others_and_the_same_round_the_same(rated: Path, sets: Sets) -> None:
    assert drawn(rated, seed=1) == sets
    assert drawn(rated, seed=2).met != sets.met


def test_too_few_sentences_are_told(tmp_path: Path) -> None:
    few = {"films": [(2.0, f"film {n}") for n in range(100)], "tweets": [(2.0, "tweet")]}
    with pytest.raises(Unavailable, match="too few films to learn from"):
        drawn(sdist(tmp_path / "sdist.tar.gz", few), seed=1)


def test_a_file_of_something_else_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no rated sentences"):
        drawn(sdist(tmp_path / "sdist.tar.gz", {"films": []}), seed=1)
    (tmp_path / "page.tar.gz").write_text("<html>")
    with pytest.raises(Unavailable, match=r"page\.tar\.gz"):
        drawn(tmp_path / "page.tar.gz", seed=1)


def test_the_sentences_are_fetched_by_their_sha256_alone() -> None:
    lines = (REQUIREMENTS / "bench-sentences.txt").read_text().splitlines()
    [wanted] = [line for line in lines if "==" in line]
    assert "--hash=sha256:" in wanted


def job(**changes: Any) -> dict[str, Any]:
    found = [{"slice": "films", "candidate": 0.75, "champion": 0.77}, {"slice": "tweets", "candidate": 0.9}]
    found[1]["champion"] = 0.6
    told = {"id": "j", "recipe": "lora", "state": "done", "reason": "", "seconds": 42.0}
    return told | {"evaluation": {"passed": True, "figures": found}} | changes


def test_the_figures_are_those_of_the_evaluation() -> None:
    assert figures.before(job()) == pytest.approx({"films": 77, "tweets": 60})
    told = {"tweets": 90, "films": 75, "gained": 30, "lost": 2, "labelled": 800, "seconds": 42, "passed": 100}
    assert figures.after(job(), 800) == pytest.approx(told)


def test_every_figure_has_a_column_and_the_targets_are_judged_by_them() -> None:
    found = {row("lora"): figures.after(job(), 800), BEFORE: figures.before(job())}
    assert {each for told in found.values() for each in told} <= {column.measure for column in PART.columns}
    rows = {name: {measure: [value] for measure, value in told.items()} for name, told in found.items()}
    assert [each.reached for each in judge(PART, rows) if each.found] == [True, True, True]


def test_a_gate_that_refused_is_a_figure_and_no_error() -> None:
    refused = job(evaluation=job()["evaluation"] | {"passed": False})
    assert figures.after(refused, 800)["passed"] == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": "failed", "reason": "It took more memory."}, "failed: It took more memory"),
        ({"evaluation": None}, "no evaluation"),
        ({"evaluation": {"passed": True, "figures": []}}, "not measured on"),
    ],
)
def test_a_job_without_figures_is_no_measurement(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(Unavailable, match=told):
        figures.after(job(**changes), 800)
