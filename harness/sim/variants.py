"""The register of what nobody has recorded: each entry a question with at least two plausible answers.

A world is built with one choice per entry. A client of the lab must be right under every choice; the register is how
that is tested. Numbers in ``source`` name the open question, not its answer.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.sim._variant_data import ENTRIES

__all__ = ["REGISTER", "UnknownVariantError", "Variant", "Variants"]


class UnknownVariantError(ValueError):
    """No entry of that name, or no such choice."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One unrecorded behaviour. ``choices`` maps each answer to what it does; ``default`` is the likeliest."""

    name: str
    question: str
    choices: Mapping[str, str]
    default: str
    source: str


REGISTER: Mapping[str, Variant] = {
    name: Variant(name, question, choices, next(iter(choices)), source) for name, question, choices, source in ENTRIES
}
"""Every entry by name; the first choice of each is its default."""


class Variants(Mapping[str, str]):
    """One choice for every entry of the register.

    >>> Variants({"renewal": "daily"})["renewal"]
    'daily'
    """

    def __init__(self, choices: Mapping[str, str] | None = None) -> None:
        self._choices = {name: entry.default for name, entry in REGISTER.items()}
        for name, choice in (choices or {}).items():
            self.choose(name, choice)

    @classmethod
    def random(cls, seed: int) -> "Variants":
        """Any choice for every entry, the same for the same seed."""
        source = random.Random(seed)  # noqa: S311 - not for secrets
        return cls({name: source.choice(list(entry.choices)) for name, entry in REGISTER.items()})

    def choose(self, name: str, choice: str) -> None:
        """Set one entry. Raises UnknownVariantError, naming what there is."""
        entry = REGISTER.get(name)
        if entry is None:
            raise UnknownVariantError(f"no variant {name!r}; there are: {', '.join(sorted(REGISTER))}")
        if choice not in entry.choices:
            raise UnknownVariantError(f"variant {name!r} has no choice {choice!r}; it has: {', '.join(entry.choices)}")
        self._choices[name] = choice

    def __getitem__(self, name: str) -> str:
        return self._choices[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._choices)

    def __len__(self) -> int:
        return len(self._choices)
