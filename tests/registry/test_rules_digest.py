"""The digest names a set of files and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from apps.registry.rules.digest import version_digest

FILES = st.lists(
    st.tuples(st.text(max_size=10), st.text("0123456789abcdef", max_size=8), st.integers(0, 2**40)),
    max_size=5,
    unique_by=lambda file: file[0],
)


@given(FILES)
def test_the_order_of_the_files_does_not_matter(files: list[tuple[str, str, int]]) -> None:
    assert version_digest(files) == version_digest(files[::-1])


@given(FILES, FILES)
def test_different_files_have_different_digests(
    one: list[tuple[str, str, int]], other: list[tuple[str, str, int]]
) -> None:
    assert (version_digest(one) == version_digest(other)) == (sorted(one) == sorted(other))


def test_the_digest_never_changes_between_releases() -> None:
    assert version_digest([("a", "00", 1)]) == "2701d7d304327e6df7eacc61e59c28a3e135a7b1f521e042f6c9e5533708c9c8"
