"""Parts of words that settle a state where a language's table lacks the exact wording."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import cast

from harness.core.witnesses._languages import skeleton

__all__ = ["speaks_of_activation", "status_by_stem"]

_MOST_WORDS = 4


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    text = files("harness.core.witnesses").joinpath("data", "stems.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    anywhere = {name: _any_of(cast("Sequence[str]", stems), "") for name, stems in tables["anywhere"].items()}
    first = {f"not {language}": _any_of(stems, r"\b") for language, stems in tables["negation_first"].items()}
    inside = {f"not {language}": _any_of(stems, "") for language, stems in tables["negation_anywhere"].items()}
    return anywhere | first | inside


def _any_of(stems: Sequence[str], before: str) -> re.Pattern[str]:
    return re.compile("|".join(before + re.escape(skeleton(s)) + (r"\b" if s.endswith(" ") else "") for s in stems))


def status_by_stem(value: str, language: str | None) -> int | None:
    """Licensed or unlicensed out of a status line's value, in languages that negate by a word or a prefix.

    None for anything longer than a state, for a grace period, and where the language negates by a suffix or is
    unknown: there a guess could call an unlicensed machine licensed.
    """
    negation = _patterns().get(f"not {language}")
    text = skeleton(re.split(r"[(\[]", value[:200], maxsplit=1)[0])
    if negation is None or len(text.split(" ")) > _MOST_WORDS or not _patterns()["licence"].search(text):
        return None
    if _patterns()["grace"].search(text):
        return None
    return 0 if negation.search(text) else 1


def speaks_of_activation(line: str) -> bool:
    """Whether "N minutes" are those of an activation, not of a grace period ("time remaining")."""
    return _patterns()["activation"].search(skeleton(line[:300])) is not None
