"""What is kept between runs."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bench import results
from tests.bench.made import SPEED, result

parts = st.dictionaries(st.sampled_from(["overhead", "minilm", "growth"]), st.integers().map(lambda n: {"commit": n}))


@given(parts, parts)
def test_a_part_measured_again_replaces_itself_and_nothing_else(kept: results.Results, new: results.Results) -> None:
    merged = results.merge(kept, new)
    assert merged.keys() == kept.keys() | new.keys()
    assert all(merged[name] == (new if name in new else kept)[name] for name in merged)


def test_rows_of_an_earlier_run_do_not_stay_beside_those_of_a_new_one() -> None:
    kept = {"overhead": result({"quartet": {SPEED: [1.0]}, "mosec": {SPEED: [2.0]}})}
    merged = results.merge(kept, {"overhead": result({"quartet": {SPEED: [3.0]}})})
    assert merged["overhead"]["rows"] == {"quartet": {SPEED: [3.0]}}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    kept = {"overhead": result({"quartet": {SPEED: [1234.5, 0.25]}})}
    results.write(tmp_path / "kept.json", kept)
    assert results.read(tmp_path / "kept.json") == kept


def test_nothing_is_kept_before_the_first_run(tmp_path: Path) -> None:
    assert results.read(tmp_path / "kept.json") == {}


def test_noise_behind_the_fifth_digit_is_not_kept(tmp_path: Path) -> None:
    results.write(tmp_path / "kept.json", {"overhead": result({"quartet": {SPEED: [12345.678]}})})
    assert results.read(tmp_path / "kept.json")["overhead"]["rows"]["quartet"][SPEED] == [12346.0]
