"""Asking an endpoint only what it can answer, and what to call what it cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.model import PartState
from harness.remoting import PowerShellSession
from harness.windows.answers import Answers
from harness.windows.capabilities import HostCapabilities
from harness.windows.licence import ask_with_licences
from harness.windows.question import Question

__all__ = ["Asked", "ask_possible"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers, the state of what could not be asked, and what is known of the endpoint."""

    answers: Answers
    unasked: Mapping[str, PartState]
    capabilities: HostCapabilities

    @property
    def parts(self) -> dict[str, PartState]:
        """A state for every question."""
        return {**self.unasked, **self.answers.parts}


def ask_possible(
    session: PowerShellSession, capabilities: HostCapabilities, questions: Sequence[Question], *, seconds: float
) -> Asked:
    """Ask, in one pipeline, the questions whose commands are there; those that end pipelines go last.

    Raises:
        TransportError: by phase.
    """
    possible = [question for question in questions if capabilities.has(*question.commands)]
    possible.sort(key=lambda question: question.group in capabilities.late)
    unasked = {question.name: _missing(question) for question in questions if question not in possible}
    answers = ask_with_licences(session, possible, capabilities.projection, seconds=seconds)
    return Asked(answers, unasked, capabilities)


def _missing(question: Question) -> PartState:
    commands = ", ".join(command.name for command in question.source)
    return PartState(ok=False, code="command_missing", message=f"Not all of these are available here: {commands}.")
