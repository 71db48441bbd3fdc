"""The script and the language of a text, guessed in microseconds.

A drift signal does not need to be right about every text: it needs to answer alike for texts that are alike. So the
script is told by the blocks of Unicode, and a language of the Latin or Cyrillic script by its commonest words.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

#: (first code point behind the block, its script), rising; what stands between known blocks is "other".
_BLOCKS = (
    (0x0041, "none"),
    (0x0250, "latin"),
    (0x0370, "other"),
    (0x0400, "greek"),
    (0x0530, "cyrillic"),
    (0x0590, "armenian"),
    (0x0600, "hebrew"),
    (0x0780, "arabic"),
    (0x0900, "other"),
    (0x0980, "devanagari"),
    (0x0E00, "indic"),
    (0x0E80, "thai"),
    (0x10A0, "other"),
    (0x1100, "georgian"),
    (0x1200, "hangul"),
    (0x1E00, "other"),
    (0x1F00, "latin"),
    (0x2000, "greek"),
    (0x3040, "none"),
    (0x3100, "kana"),
    (0x3400, "other"),
    (0xA000, "han"),
    (0xAC00, "other"),
    (0xD7B0, "hangul"),
    (0xF900, "other"),
    (0xFB00, "han"),
    (0x20000, "none"),
    (0x32000, "han"),
)
_BOUNDS = np.array([bound for bound, _ in _BLOCKS], np.uint32)
_NAMES = (*(name for _, name in _BLOCKS), "none")
_MOST_WORDS = 200

#: Words that hardly a sentence of the language does without. One shared by several languages has its vote split.
_COMMON = {
    "en": "the of and to a in is it you that for on with are this be not have was by from or an as at will can your",
    "de": "der die das und ist nicht ein eine zu den mit von auf für sie es im dem des werden wird ich sich kein bitte",
    "fr": "le la les de des et est un une à pour dans que ne pas en du au sur ce avec vous il être cette plus votre",
    "es": "el la los las de que y en un una es por con para no se del al lo su más este como está son tiene",
    "pt": "o a os as de que e em um uma é por com para não se do da no na dos das ao mais este como foi são você",
    "it": "il la le di che e in un una è per con non del della i gli si al da dei alla sono questo come più nel",
    "nl": "de het een en van is in niet te op dat zijn met voor die er aan ook bij om u dit wordt geen naar kan",
    "sv": "och att det i en är som på av för med till den inte ett har de om var kan ska eller från",
    "pl": "i w na nie z się do to jest że o za po od jak dla być ten przez jego tego lub są",
    "tr": "bir ve bu için ile da de çok olarak daha gibi var ne en kadar olan değil mi veya",
    "ru": "и в не на что с по это как из у за от но для то все или быть к его если вы",
    "uk": "і в не на що з та це як із у за від але для до або бути є його якщо ви",
}
_VOTES: dict[str, tuple[str, ...]] = {}
for _language, _words in _COMMON.items():
    for _word in _words.split():
        _VOTES[_word] = (*_VOTES.get(_word, ()), _language)


def guess(text: str, words: Sequence[str]) -> dict[str, str | None]:
    """`script`, the commonest of the letters, and `language`: a code of _COMMON, or "unknown"; both None without letters."""  # noqa: E501
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    counts: Counter[str] = Counter()
    for place, count in enumerate(np.bincount(np.searchsorted(_BOUNDS, points, side="right"))):
        counts[_NAMES[place]] += int(count)
    del counts["none"]
    script, count = counts.most_common(1)[0] if counts else ("", 0)
    return {"script": script, "language": _language_of(words)} if count else {"script": None, "language": None}


def _language_of(words: Sequence[str]) -> str:
    votes = dict.fromkeys(_COMMON, 0.0)
    for word in words[:_MOST_WORDS]:
        languages = _VOTES.get(word.casefold(), ())
        for language in languages:
            votes[language] += 1 / len(languages)
    # Of languages with as many votes the first in _COMMON, so that the answer never hangs on the order of the words.
    return max(_COMMON, key=lambda language: votes[language]) if any(votes.values()) else "unknown"
