"""Every text on every page can be read, in both themes: at least 4.5:1 against the ground it stands on."""

import re
from typing import Any

import pytest

from tests.browser.tab import PAGES, Tab
from tests.console.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)

# [text, its colour, the grounds below it from the nearest up to the first opaque one]
TEXTS = """[...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() &&
    [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).map((e) => {
  const grounds = [];
  for (let at = e; at; at = at.parentElement) {
    const ground = getComputedStyle(at).backgroundColor;
    grounds.push(ground);
    if (ground.startsWith("rgb(")) break;
  }
  return [e.textContent.trim().slice(0, 40), getComputedStyle(e).color, grounds];
})"""
Colour = tuple[float, float, float]


@pytest.mark.parametrize(
    "context_options", [{"color_scheme": "light"}, {"color_scheme": "dark"}], ids=["light", "dark"]
)
def test_every_text_can_be_read(tab: Tab, busy: Scene, context_options: Any) -> None:
    poor = []
    for path in [*PAGES, "/login/"]:
        texts = tab.open(path).evaluate(TEXTS)
        assert texts, path
        poor += [(path, *each) for each in poor_texts(texts)]
    assert poor == []


def poor_texts(texts: list[tuple[str, str, list[str]]]) -> list[tuple[str, float]]:
    """Those of TEXTS that are hard to read, each with its contrast."""
    ratios = [(text, _contrast(_over(colour, _stack(grounds)), _stack(grounds))) for text, colour, grounds in texts]
    return [(text, round(ratio, 2)) for text, ratio in ratios if ratio < 4.5]


def _stack(grounds: list[str]) -> Colour:
    """The colour that the grounds make, the last one being opaque."""
    below: Colour = (255, 255, 255)
    for ground in reversed(grounds):
        below = _over(ground, below)
    return below


def _over(css: str, below: Colour) -> Colour:
    """An rgb() or rgba() colour laid over another."""
    red, green, blue, *alpha = (float(part) for part in re.findall(r"[\d.]+", css))
    share = alpha[0] if alpha else 1.0
    top = (red, green, blue)
    return tuple(share * a + (1 - share) * b for a, b in zip(top, below, strict=True))  # type: ignore[return-value]


def _contrast(one: Colour, other: Colour) -> float:
    """As WCAG 2.2 defines it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
