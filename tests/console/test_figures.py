"""Numbers are written for people: short, with units, and never a zero for what is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.console import figures

WRITERS = [figures.count, figures.rate, figures.milliseconds, figures.share, figures.nearly_all, figures.size]


@pytest.mark.parametrize("write", WRITERS)
def test_the_unknown_is_a_dash(write) -> None:  # type: ignore[no-untyped-def]
    assert write(None) == "—"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.04, "0.0"), (0.4, "0.4"), (9.94, "9.9"), (9.96, "10"), (1234, "1,234")]
)
def test_rates(value: float, text: str) -> None:
    assert figures.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.84, "0.8 ms"), (6.4, "6.4 ms"), (9.96, "10 ms"), (640, "640 ms"), (999.6, "1.00 s"), (94_000, "94 s")],
)
def test_durations(value: float, text: str) -> None:
    assert figures.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0.00 %"), (0.019, "1.90 %"), (0.123, "12.3 %"), (0.9999, "100 %"), (1, "100 %")]
)
def test_shares(value: float, text: str) -> None:
    assert figures.share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0 %"), (0.57, "57.0 %"), (0.95, "95.0 %"), (0.9942, "99.42 %"), (0.999942, "99.9942 %"), (1, "100 %")],
)
def test_shares_that_are_nearly_all(value: float, text: str) -> None:
    assert figures.nearly_all(value) == text


@given(st.floats(0, 1, exclude_max=True))
def test_what_lacks_anything_is_never_called_all(value: float) -> None:
    assert not figures.nearly_all(value).startswith("100")


@pytest.mark.parametrize(
    ("value", "text"), [(640, "640 B"), (1300, "1.3 kB"), (999_600, "1.0 MB"), (57e9, "57 GB"), (2e16, "20000 TB")]
)
def test_sizes(value: float, text: str) -> None:
    assert figures.size(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (12, "12 s ago"),
        (59.9, "60 s ago"),
        (125, "2 min ago"),
        (7200, "2 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_times(seconds: float, text: str) -> None:
    assert figures.ago(seconds) == text


@given(st.floats(0, 1e15), st.sampled_from(WRITERS))
def test_no_number_is_written_as_the_unknown(value: float, write) -> None:  # type: ignore[no-untyped-def]
    assert write(value) != "—"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "now"), (0, "now"), (1, "in 1 min"), (3599, "in 59 min"), (71.5 * 3600, "in 71 h"), (5e5, "in 5 d")],
)
def test_times_to_come(seconds: float, text: str) -> None:
    assert figures.ahead(seconds) == text
