"""The corpus of broken YAML files and the figure made of it (Q1): the share told at exactly the right places.

Each tests/cases/yaml/broken/NAME.yaml has a NAME.expected, one finding a line: `line:column code words of the message`.
The files named inventory-* are read as inventories, the others as playbooks.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harness.lab import LabFileError, Problem, load_inventory, load_playbook

CORPUS = Path(__file__).parents[1] / "cases" / "yaml" / "broken"
TODAY = date(2026, 11, 22)


@dataclass(frozen=True, slots=True, order=True)
class Expected:
    """One finding that must be told: where, its code, and words that its sentences must hold."""

    line: int
    column: int
    code: str
    words: str

    def fits(self, problem: Problem) -> bool:
        """Whether the finding is this one."""
        place = problem.place
        return (place.line, place.column, problem.code) == self.where and self.words in str(problem)

    @property
    def where(self) -> tuple[int, int, str]:
        return (self.line, self.column, self.code)


def case_names() -> list[str]:
    """The names of all cases."""
    return sorted(path.stem for path in CORPUS.glob("*.yaml"))


def expected(name: str) -> list[Expected]:
    """What must be told of one case."""
    found = []
    for line in (CORPUS / f"{name}.expected").read_text("utf-8").splitlines():
        place, code, *words = line.split(" ", 2)
        row, column = place.split(":")
        found.append(Expected(int(row), int(column), code, "".join(words)))
    return found


def told(name: str) -> tuple[Problem, ...]:
    """What the harness tells of one case; nothing where it finds nothing wrong."""
    path = CORPUS / f"{name}.yaml"
    try:
        if name.startswith("inventory-"):
            load_inventory(path, today=TODAY)
        else:
            load_playbook(path)
    except LabFileError as error:
        return error.problems
    return ()


def is_exact(name: str) -> bool:
    """Whether every expected finding is told at its line and column, and nothing else is."""
    problems, wanted = told(name), expected(name)
    places = Counter((p.place.line, p.place.column, p.code) for p in problems)
    if places != Counter(want.where for want in wanted):
        return False
    file = str(CORPUS / f"{name}.yaml")
    return all(p.place.file == file for p in problems) and all(any(w.fits(p) for p in problems) for w in wanted)


def exact_share() -> tuple[int, int]:
    """Figure Q1: how many cases are told exactly, of how many."""
    names = case_names()
    return sum(is_exact(name) for name in names), len(names)
