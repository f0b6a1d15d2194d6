"""The questions of our full facts in the two forms in which others ask them: calls of cmdlets, and script text."""

from collections.abc import Collection
from uuid import UUID

from benchmarks.worker import Json
from harness.remoting import Command, cmd
from harness.windows.host import HOST_QUESTIONS
from harness.windows.question import Question

__all__ = ["as_calls", "as_scripts", "script_of", "shared_questions"]


def shared_questions(answered: Collection[str]) -> list[Question]:
    """The questions that this lab's hosts can answer; nobody else is asked to find that out by itself."""
    return [question for question in HOST_QUESTIONS if question.name in answered]


def as_calls(questions: Collection[Question]) -> list[list[Json]]:
    """Each question as a chain of cmdlets with parameters, trimmed by Select-Object; typed objects come back."""
    return [
        [
            {"name": command.name, "parameters": dict(command.parameters)}
            for command in (*question.source, _trim(question))
        ]
        for question in questions
    ]


def _trim(question: Question) -> Command:
    return cmd("Select-Object", Property=list(question.properties))


def as_scripts(questions: Collection[Question]) -> list[str]:
    """Each question as the script text that says exactly what our pipeline says."""
    return [" | ".join(script_of(command) for command in question.statement().commands) for question in questions]


def script_of(command: Command) -> str:
    """A command as an administrator would type it.

    Example:
        >>> script_of(cmd("Get-Module", Name=["Hyper-V", "O'Brien"], ListAvailable=True))
        "Get-Module -Name 'Hyper-V','O''Brien' -ListAvailable"
    """
    named = [
        f"-{name}" if value is True else f"-{name} {_literal(value)}" for name, value in command.parameters.items()
    ]
    return " ".join([command.name, *named, *(_literal(value) for value in command.arguments)])


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "$true" if value else "$false"
    if isinstance(value, list | tuple):
        return ",".join(_literal(item) for item in value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str | UUID):
        return "'" + str(value).replace("'", "''") + "'"
    raise TypeError(f"no literal for {type(value).__name__}")
