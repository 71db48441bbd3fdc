"""Which file names may come in."""

import os
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.errors import BadPath
from apps.registry.rules.paths import path_check, tree_check

NAMES = st.text("abcXYZ019-_äß", min_size=1, max_size=8)
GOOD_PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    "path", ["model.yaml", "weights/model-00001-of-00002.safetensors", "a b.txt", "größe.txt", "a" * 200]
)
def test_ordinary_names_are_taken(path: str) -> None:
    assert path_check(path) == path


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "empty"),
        ("/a", "absolute"),
        ("a/", "empty part"),
        ("a//b", "empty part"),
        ("..", "lead out"),
        ("a/../b", "lead out"),
        ("./a", "lead out"),
        ("a\\b", "backslash"),
        ("C:/a", "has one of"),
        ("a\nb", "control"),
        ("a\u202eb", "invisible"),
        ("a\ud800", "control"),
        (".git/config", "hidden"),
        ("a/.b", "hidden"),
        (" a", "space"),
        ("a.", "dot"),
        ("CON", "device"),
        ("a/nul.txt", "device"),
        ("com1.tar.gz", "device"),
        (unicodedata.normalize("NFD", "ä"), "NFC"),
        ("a" * 201, "longer than 200"),
        ("a/" * 300 + "b", "longer than 512"),
        ("a/" * 16 + "b", "folders deep"),
    ],
)
def test_others_are_refused_saying_why(path: str, reason: str) -> None:
    with pytest.raises(BadPath, match=reason):
        path_check(path)


@given(st.text())
def test_what_is_taken_stays_inside_the_artifact_on_every_system(path: str) -> None:
    try:
        path_check(path)
    except BadPath:
        return
    assert os.path.normpath(f"/artifact/{path}") == f"/artifact/{path}"
    assert not PurePosixPath(path).is_absolute()
    assert not PureWindowsPath(path).drive
    assert not PureWindowsPath(path).root
    assert ".." not in PureWindowsPath(path).parts


@given(GOOD_PATHS)
def test_what_is_made_of_plain_names_is_taken(path: str) -> None:
    try:
        assert path_check(path) == path
    except BadPath as error:
        assert "device" in error.message or "NFC" in error.message


def test_names_that_differ_only_in_capitals_are_refused_together() -> None:
    with pytest.raises(BadPath, match="differ only in capital letters"):
        tree_check(["a/b", "A/c"])


def test_a_file_and_a_folder_of_the_same_name_are_refused() -> None:
    with pytest.raises(BadPath, match="both a file and a folder"):
        tree_check(["a/b/c", "a/b"])


@given(st.lists(GOOD_PATHS, max_size=6))
def test_whether_names_fit_together_does_not_depend_on_their_order(paths: list[str]) -> None:
    def fits(listed: list[str]) -> bool:
        try:
            tree_check(listed)
        except BadPath:
            return False
        return True

    assert fits(paths) == fits(paths[::-1])


@given(st.sets(st.text("ab", min_size=1, max_size=5)))
def test_small_letters_in_one_folder_always_fit_together(names: set[str]) -> None:
    tree_check(names)
