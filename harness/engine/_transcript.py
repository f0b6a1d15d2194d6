"""A transcript: every pipeline and program that went to a machine, and what came back, as lines of JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

from pydantic import SecretStr

from harness.core.errors import HarnessError, TransportError
from harness.core.redaction import MASK
from harness.engine._clock import Clock
from harness.engine._sessions import Openers
from harness.remoting import (
    Command,
    CommandShell,
    Credential,
    PipelineResult,
    PowerShellSession,
    ShellResult,
    Statement,
    to_plain,
)

__all__ = ["transcribing"]

Write = Callable[[str], None]
"""Takes one line; the one who gives it masks what is secret."""


def transcribing(openers: Openers, write: Write, clock: Clock) -> Openers:
    """Openers whose sessions write down what passes. Passwords and host keys stay out; what else is secret is not known
    here.
    """

    def powershell(*arguments: Any, **options: Any) -> PowerShellSession:
        return _Session(openers.powershell(*arguments, **options), write, clock)

    def shell(*arguments: Any, **options: Any) -> CommandShell:
        return _Shell(openers.shell(*arguments, **options), write, clock)

    return Openers(powershell, shell)


class _Session:
    def __init__(self, session: PowerShellSession, write: Write, clock: Clock) -> None:
        self.target = session.target
        self._session = session
        self._write = write
        self._clock = clock

    def run(self, statements: Sequence[Statement], *, seconds: float) -> PipelineResult:
        with _Entry(self.target, [_chain(one) for one in statements], self._write, self._clock) as entry:
            result = self._session.run(statements, seconds=seconds)
            entry.answer = {
                "output": [to_plain(value) for value in result.output],
                "errors": [{"id": error.fq_id, "message": error.message} for error in result.errors],
                "failed": result.failed,
            }
        return result

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Shell:
    def __init__(self, shell: CommandShell, write: Write, clock: Clock) -> None:
        self.target = shell.target
        self._shell = shell
        self._write = write
        self._clock = clock

    def run(self, program: str, arguments: Sequence[str], *, seconds: float) -> ShellResult:
        with _Entry(self.target, " ".join((program, *arguments)), self._write, self._clock) as entry:
            result = self._shell.run(program, arguments, seconds=seconds)
            entry.answer = {"exit_code": result.exit_code, "stdout": result.stdout, "stderr": result.stderr}
        return result

    def close(self) -> None:
        self._shell.close()


class _Entry(AbstractContextManager["_Entry"]):
    """One question with its answer, or with the error that came instead."""

    def __init__(self, target: str, asked: object, write: Write, clock: Clock) -> None:
        self.answer: dict[str, object] = {}
        self._line: dict[str, object] = {"time": clock.now().isoformat(), "target": target, "asked": asked}
        self._write = write
        self._clock = clock
        self._began = clock.monotonic()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        line = {**self._line, "seconds": round(self._clock.monotonic() - self._began, 3)}
        if isinstance(error, HarnessError):
            sent = {"sent": error.sent} if isinstance(error, TransportError) else {}
            line["error"] = {"code": error.code, "message": error.message, **sent}
        else:
            line["answer"] = self.answer
        self._write(json.dumps(line, ensure_ascii=False, default=str))


def _chain(statement: Statement) -> list[object]:
    return [_command(command) for command in statement.commands]


def _command(command: Command) -> dict[str, object]:
    shown = {name: _value(value) for name, value in command.parameters.items()}
    arguments = [_value(value) for value in command.arguments]
    return {"command": command.name, "parameters": shown, **({"arguments": arguments} if arguments else {})}


def _value(value: object) -> object:
    """The value without what is secret in it."""
    match value:
        case SecretStr():
            return MASK
        case Credential():
            return {"username": value.username, "password": MASK}
        case Mapping():
            return {str(name): _value(item) for name, item in value.items()}
        case list() | tuple():
            return [_value(item) for item in value]
        case _:
            return value if isinstance(value, str | int | float | bool | None) else str(value)
