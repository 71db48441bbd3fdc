"""Evidently, for real: it judges what it is shown, and its page stands alone."""

import re

import numpy as np
import pandas as pd
import pytest

from apps.drift.rules.profile import build
from tests.drift_report.test_frames import MODALITIES, samples
from workers.drift_report.frames import Frames, Pair, frames
from workers.drift_report.render import Rendered, render


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    """Pictures that moved by one and a half deviations, sounds that did not."""
    return render(frames(build(samples(300, 1), MODALITIES), samples(200, 2, middle=1.5)))


def test_it_says_which_columns_and_which_embedding_drifted(rendered: Rendered) -> None:
    drifted = {name for name, opinion in rendered.opinions.items() if opinion.drifted}
    assert {"image.brightness", "image.embedding"} <= drifted
    assert {"sound.loudness", "confidence"}.isdisjoint(drifted)


def test_it_says_by_which_method_and_how_much(rendered: Rendered) -> None:
    assert rendered.opinions["image.brightness"].method == "K-S p_value"
    assert rendered.opinions["image.brightness"].score < 1e-6
    assert rendered.opinions["image.embedding"].method == "model"
    assert rendered.opinions["image.embedding"].score > 0.9, "the area under the curve of telling them apart"


def test_the_page_stands_alone(rendered: Rendered) -> None:
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"']?(https?:)?//", rendered.html)
    assert len(rendered.html) < 8_000_000


def test_the_page_shows_the_descriptors_and_the_embedding(rendered: Rendered) -> None:
    for name in ("image.brightness", "sound.loudness", "image.colours", "image.embedding"):
        assert name in rendered.html


@pytest.mark.parametrize("place", ["label", "signal"])
def test_a_hostile_name_cannot_end_the_script_that_it_stands_in(place: str) -> None:
    hostile = "</script><script>parent.document.title = 'mine'</script>"
    known = [{"prediction": hostile} if place == "label" else {hostile: "yes"}] * 20
    found = render(frames(build(known, {}), known))
    assert hostile not in found.html
    assert r"\u2039/script\u203a" in found.html
    assert set(found.opinions) == {"prediction" if place == "label" else hostile}


def test_embeddings_alone_make_a_page() -> None:
    name, vectors = "image.embedding", np.random.default_rng(3).normal(size=(40, 4))
    pair = Pair(*(pd.DataFrame(each, columns=[*"abcd"]) for each in (vectors, vectors + 3)))
    none = Pair(pd.DataFrame(), pd.DataFrame())
    found = render(Frames(none, {}, {name: pair}, {name: name}, {}))
    assert found.opinions[name].drifted
