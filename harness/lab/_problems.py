"""What is wrong with a file, all of it at once, each at its place."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.errors import InputError
from harness.core.model import Place

__all__ = ["LabFileError", "Problem"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong at one place. ``code`` is stable lower_snake_case; ``message`` and ``suggestion`` are sentences.

    Neither sentence ever repeats a value that may be a secret.
    """

    place: Place
    code: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message} {self.suggestion}".rstrip()


class LabFileError(InputError):
    """An inventory or a playbook is wrong; ``problems`` holds every finding, in the order of the file.

    Example:
        >>> print(LabFileError([Problem(Place("lab.yaml", 3, 5), "empty", "This is empty.", "Give a value.")]))
        lab.yaml:3:5: This is empty. Give a value.
    """

    code = "invalid_lab_file"

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = set(problems)
        keys = {problem.place for problem in found if problem.code in ("product_key", "public_key")}
        self.problems = tuple(sorted(p for p in found if p.code != "literal_secret" or p.place not in keys))
        super().__init__("\n".join(map(str, self.problems)))
