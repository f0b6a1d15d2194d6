"""Which language a text is in, by slmgr.vbs's own labels and phrases, else by its script."""

import re
from collections.abc import Sequence

from harness.core.witnesses._languages import Words, languages, skeleton
from harness.core.witnesses._text import split_label

__all__ = ["language_of"]

_LONGEST = 20_000
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_UKRAINIAN = re.compile(r"[іїєґІЇЄҐ]")
_TRADITIONAL = re.compile(r"[產鑰啟錯誤權動擬電腦無體態碼務關機識]")
_SIMPLIFIED = re.compile(r"[产钥启错误权动拟电脑无体态码务关机识]")


def language_of(lines: Sequence[str]) -> str | None:
    """The language of an output, as "en", "de", "zh-CN", ...; None when nothing tells."""
    text = "\n".join(lines)[:_LONGEST]
    folded = skeleton(text)
    labels = [skeleton(pair[0]) for line in lines[:400] if (pair := split_label(line[:200])) is not None]
    best, score = None, 0
    for words in languages():
        points = _points(words, labels, folded)
        if points > score:
            best, score = words.language, points
    return best if score > 0 else _by_script(text)


def _points(words: Words, labels: Sequence[str], folded: str) -> int:
    named = {label for label in labels if label in words.labels or label in words.event_labels}
    errors = any(label in words.error or label.split(" ")[0] in words.error for label in labels)
    sayings = sum(1 for phrase in words.sayings if phrase in folded)
    return 3 * len(named) + 2 * sayings + (2 if errors else 0)


def _by_script(text: str) -> str | None:
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    if _HAN.search(text):
        traditional, simplified = len(_TRADITIONAL.findall(text)), len(_SIMPLIFIED.findall(text))
        return "zh-TW" if traditional > simplified else "zh-CN"
    if _CYRILLIC.search(text):
        return "uk" if _UKRAINIAN.search(text) else "ru"
    return None
