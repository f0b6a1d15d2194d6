"""What slmgr.vbs prints in several languages: helpers for recognition, never the authority.

Comparison goes through a skeleton that forgives case, full-width forms, spacing and the letters that scanners confuse.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

__all__ = ["Words", "languages", "skeleton", "status_of_word", "words_of"]

_CONFUSED = str.maketrans({"i": "l", "1": "l", "|": "l", "!": "l", "ı": "l", "0": "o", "’": "'", "`": "'"})
_SPACES = re.compile(r"\s+")


def skeleton(text: str) -> str:
    """A text as it is compared: folded case, NFKC, one space between words, no marks, look-alikes made one.

    Example:
        >>> skeleton("LICENSE  Status") == skeleton("l1cense status")
        True
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c))
    return _SPACES.sub(" ", bare.translate(_CONFUSED)).strip(" .。:：-*")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, as skeletons."""

    language: str
    labels: Mapping[str, str]
    """Skeleton of a label -> the field it names."""
    status: Mapping[str, int]
    """Skeleton of a status line's value -> LicenseStatus."""
    xpr: Sequence[tuple[str, int]] = ()
    xpr_channel: Sequence[tuple[str, str]] = ()
    event_labels: frozenset[str] = frozenset()
    error: frozenset[str] = frozenset()
    unavailable: frozenset[str] = frozenset()
    not_in_use: tuple[str, ...] = ()
    activated: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()

    @property
    def sayings(self) -> tuple[str, ...]:
        """Everything that betrays the language wherever it stands in a text."""
        xpr = tuple(phrase for phrase, _ in (*self.xpr, *self.xpr_channel))
        return (*self.phrases, *self.activated, *self.failed, *self.installed, *self.not_in_use, *xpr)


def _texts(row: Mapping[str, object], name: str) -> tuple[str, ...]:
    return tuple(skeleton(text) for text in cast("Sequence[str]", row.get(name, ())))


def _pairs(row: Mapping[str, object], name: str) -> Iterator[tuple[str, str]]:
    for key, texts in cast("Mapping[str, Sequence[str]]", row.get(name, {})).items():
        yield from ((skeleton(text), key) for text in texts)


def _words(row: Mapping[str, object]) -> Words:
    return Words(
        language=str(row["code"]),
        labels=dict(_pairs(row, "labels")),
        status={text: int(number) for text, number in _pairs(row, "status")},
        xpr=tuple((text, int(number)) for text, number in _pairs(row, "xpr")),
        xpr_channel=tuple(_pairs(row, "xpr_channel")),
        event_labels=frozenset(_texts(row, "event_labels")),
        error=frozenset(_texts(row, "error")),
        unavailable=frozenset(_texts(row, "unavailable")),
        not_in_use=_texts(row, "not_in_use"),
        activated=_texts(row, "activated"),
        failed=_texts(row, "failed"),
        installed=_texts(row, "installed"),
        phrases=_texts(row, "phrases"),
    )


@cache
def languages() -> tuple[Words, ...]:
    """All languages with a table, English first."""
    text = files("harness.core.witnesses").joinpath("data", "languages.toml").read_text(encoding="utf-8")
    return tuple(_words(row) for row in tomllib.loads(text)["language"])


def words_of(language: str | None) -> Words | None:
    """The table of one language."""
    return next((words for words in languages() if words.language == language), None)


@cache
def _all_status_words() -> Mapping[str, int]:
    found: dict[str, int] = {}
    for words in reversed(languages()):
        found.update(words.status)
    return found


def status_of_word(value: str, language: str | None = None) -> int | None:
    """LicenseStatus of a status line's value, by the language's own table first, then by any table."""
    word = skeleton(value)
    own = words_of(language)
    if own is not None and word in own.status:
        return own.status[word]
    return _all_status_words().get(word)
