"""What PostgreSQL cannot keep is known, and an error never repeats it."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import CallerError
from apps.core.text import as_kept, can_be_kept

TEXTS = st.text(st.characters() | st.sampled_from("\0\ud800\udfff"), max_size=8)


@given(TEXTS)
def test_whatever_was_said_can_be_kept_and_sent_once_it_is_cleaned(text: str) -> None:
    cleaned = as_kept(text)
    assert can_be_kept(cleaned) and cleaned.encode().decode() == cleaned


@given(TEXTS)
def test_what_can_be_kept_is_left_as_it_was(text: str) -> None:
    assert (as_kept(text) == text) is can_be_kept(text)


@pytest.mark.django_db
def test_what_can_be_kept_comes_back_from_postgresql() -> None:
    text = "\1\x7f\ud7ff\ue000\uffff\U0010ffff"
    assert can_be_kept(text)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text", [text])
        assert cursor.fetchone() == (text,)


def test_an_error_repeats_nothing_that_cannot_be_kept() -> None:
    error = CallerError("There is no '\0\ud800'.")
    assert error.message == str(error) == "There is no '��'."
