"""What is wrong with an answer file, all of it at once, each at its line and column."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.errors import InputError
from harness.core.model import Place

__all__ = ["AnswerFileError", "FileProblem"]


@dataclass(frozen=True, slots=True, order=True)
class FileProblem:
    """One thing wrong at one place. No sentence repeats a value that may be a secret key."""

    place: Place
    code: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message} {self.suggestion}".rstrip()


class AnswerFileError(InputError):
    """An answer file that setup would not take, or in which the key has no certain place."""

    code = "invalid_answer_file"

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
