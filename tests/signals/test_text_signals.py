"""The signals of a text against what is known of it."""

import numpy as np
import pytest

from bench.drift.messages import messages
from workers.signals.text import describe


def test_lengths_and_words_are_counted() -> None:
    signals = describe("Two words, 3 numbers!")
    assert (signals["length"], signals["words"], signals["word_length"]) == (21.0, 4.0, 4.0)


def test_repeating_oneself_is_a_small_vocabulary() -> None:
    assert describe("yes Yes YES yes")["vocabulary"] == 0.25
    assert describe("all of it differs")["vocabulary"] == 1.0


def test_a_longer_text_is_not_poorer_by_its_length_alone() -> None:
    words = [f"w{number}" for number in range(100)]
    assert describe(" ".join(words * 5))["vocabulary"] == describe(" ".join(words))["vocabulary"]


def test_shares_add_up() -> None:
    signals = describe("Ab 1!")
    assert [signals[name] for name in ("letters", "digits", "spaces", "others", "capitals")] == [
        0.4,
        0.2,
        0.2,
        0.2,
        0.5,
    ]


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("plain", "latin"),
        ("привет", "cyrillic"),
        ("γειά", "greek"),
        ("你好", "han"),
        ("こんにちは", "kana"),
        ("한국어", "hangul"),
        ("مرحبا", "arabic"),
        ("שלום", "hebrew"),
        ("नमस्ते", "devanagari"),
    ],
)
def test_the_script_is_told(text: str, script: str) -> None:
    assert describe(text)["script"] == script


@pytest.mark.parametrize("language", ["de", "fr", "es", "it", "nl", "ru", "pt", "pl"])
def test_real_sentences_are_mostly_taken_for_their_language(language: str) -> None:
    found = messages(language)
    for code, texts in (("en", [each.english for each in found]), (language, [each.other for each in found])):
        told = [describe(text)["language"] for text in texts]
        assert max(set(told) - {"unknown"}, key=told.count) == code
        assert told.count(code) > 0.5 * len(told)


def test_text_without_letters_has_neither_script_nor_language() -> None:
    assert not describe("12 + 34 = 46").keys() & {"script", "language"}


def test_an_empty_text_is_told_by_its_length() -> None:
    assert describe("") == {"length": 0.0, "words": 0.0}


def test_the_embedding_is_of_length_one_and_nearer_within_a_language() -> None:
    found = messages("de")
    english, german = (
        np.mean([describe(text)["embedding"] for text in texts], axis=0)
        for texts in ([each.english for each in found[::2]], [each.other for each in found[::2]])
    )
    others = [describe(each.other)["embedding"] for each in found[1::2]]
    assert np.linalg.norm(others[0]) == pytest.approx(1, abs=1e-5)
    nearer = [np.linalg.norm(each - german) < np.linalg.norm(each - english) for each in others]
    assert np.mean(nearer) > 0.8
