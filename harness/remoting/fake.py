"""Scripted sessions for the tests of other rooms: they answer by command name and remember what was asked.

They follow the two rules of the real thing that tests are about: a terminating answer silences the statements after it,
and a command that nobody scripted is a CommandNotFoundException, not an empty answer.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from harness.remoting.decode import EnumValue, RemoteObject
from harness.remoting.pipeline import Command, ErrorDetail, PipelineResult, Statement
from harness.remoting.session import ShellResult

__all__ = ["Answer", "FakeSession", "FakeShell", "error", "turns"]

_TYPES = ("Selected.System.Management.Automation.PSCustomObject", "System.Management.Automation.PSCustomObject")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one statement says. A dict in ``output`` is an object: it is projected and turned into JSON as the
    statement's own tail asks; any other value is taken as the end of the chain already. ``terminating`` makes the last
    error the one that ends the pipeline.
    """

    output: Sequence[object] = ()
    errors: Sequence[ErrorDetail] = ()
    warnings: Sequence[str] = ()
    terminating: bool = False


Reply = Answer | Sequence[object] | BaseException | Callable[[Statement], object]
Matcher = str | Callable[[Statement], bool]


def error(fq_id: str, message: str = "", *, exception_type: str = "", hresult: int | None = None) -> ErrorDetail:
    """An error record with the parts that matter; the message defaults to the id."""
    return ErrorDetail(message or fq_id, fq_id, "NotSpecified", exception_type, hresult)


def turns(*replies: Reply) -> Callable[[Statement], Reply]:
    """Answer with each reply in turn; the last one stays."""
    waiting = list(replies)

    def take(_: Statement) -> Reply:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return take


@dataclass
class FakeSession:
    """A PowerShellSession whose answers are written down.

    Args:
        answers: from a command's name (any case; the first command of the statement whose name is listed decides), or
            a predicate over the statement, to an Answer, a sequence of outputs, an exception to raise, or a function
            of the statement that returns one of these. A mapping or a sequence of pairs; the first match wins.
        target: the machine's name.

    Example:
        >>> from harness.remoting import Statement, cmd
        >>> session = FakeSession({"Get-VMHost": [{"ComputerName": "hv01"}]})
        >>> ask = cmd("Get-VMHost") | cmd("Select-Object", Property=["ComputerName"]) | cmd("ConvertTo-Json")
        >>> session.run([ask], seconds=5).output
        ('{"ComputerName":"hv01"}',)
        >>> session.commands
        ['Get-VMHost', 'Select-Object', 'ConvertTo-Json']
    """

    answers: Mapping[Matcher, Reply] | Sequence[tuple[Matcher, Reply]] = field(default_factory=dict)
    target: str = "fake"
    ran: list[tuple[Statement, ...]] = field(default_factory=list, init=False)
    """The pipelines asked for, in order."""
    seconds: list[float] = field(default_factory=list, init=False)
    """The deadline of each pipeline."""
    closed: bool = field(default=False, init=False)

    def run(self, statements: Sequence[Statement], *, seconds: float) -> PipelineResult:
        self.ran.append(tuple(statements))
        self.seconds.append(seconds)
        output: list[object] = []
        errors: list[ErrorDetail] = []
        warnings: list[str] = []
        for statement in statements:
            answer = self._answer(statement)
            output += _tail(statement, answer.output)
            errors += answer.errors
            warnings += answer.warnings
            if answer.terminating:
                return PipelineResult(tuple(output), tuple(errors), tuple(warnings), failed=True)
        return PipelineResult(tuple(output), tuple(errors), tuple(warnings))

    @property
    def commands(self) -> list[str]:
        """The names of all commands ever run, in order."""
        return [command.name for statements in self.ran for s in statements for command in s.commands]

    def calls(self, name: str) -> list[Command]:
        """Every call of that command, with its parameters."""
        return [c for statements in self.ran for s in statements for c in s.commands if _same(c.name, name)]

    def _answer(self, statement: Statement) -> Answer:
        reply: object = next((r for m, r in self._pairs() if _matches(m, statement)), None)
        while callable(reply) and not isinstance(reply, BaseException):
            reply = reply(statement)
        if isinstance(reply, BaseException):
            raise reply
        if reply is None:
            name = statement.commands[0].name if statement.commands else "script"
            missing = error(
                "CommandNotFoundException",
                f"The term '{name}' is not recognized as the name of a cmdlet.",
                exception_type="System.Management.Automation.CommandNotFoundException",
            )
            return Answer(errors=[missing], terminating=True)
        if isinstance(reply, Answer):
            return reply
        if isinstance(reply, Sequence) and not isinstance(reply, str):
            return Answer(reply)
        return Answer([reply])

    def _pairs(self) -> Iterator[tuple[Matcher, Reply]]:
        yield from self.answers.items() if isinstance(self.answers, Mapping) else self.answers

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass
class FakeShell:
    """A CommandShell whose answers are written down: from a part of the command line to a result or an exception.

    Example:
        >>> shell = FakeShell({"/dlv": ShellResult(0, "Name: Windows(R)", "")})
        >>> shell.run("cscript.exe", ["//nologo", "slmgr.vbs", "/dlv"], seconds=30).stdout
        'Name: Windows(R)'
    """

    answers: Mapping[str, ShellResult | BaseException] = field(default_factory=dict)
    target: str = "fake"
    ran: list[str] = field(default_factory=list, init=False)
    """The command lines asked for, in order."""
    seconds: list[float] = field(default_factory=list, init=False)
    closed: bool = field(default=False, init=False)

    def run(self, program: str, arguments: Sequence[str], *, seconds: float) -> ShellResult:
        line = " ".join((program, *arguments))
        self.ran.append(line)
        self.seconds.append(seconds)
        reply = next((r for part, r in self.answers.items() if part.casefold() in line.casefold()), None)
        if isinstance(reply, BaseException):
            raise reply
        return reply or ShellResult(1, "", f"'{program}' is not recognized as an internal or external command.")

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _same(left: str, right: str) -> bool:
    return left.casefold() == right.casefold()


def _matches(matcher: Matcher, statement: Statement) -> bool:
    if callable(matcher):
        return matcher(statement)
    return any(_same(command.name, matcher) for command in statement.commands)


def _tail(statement: Statement, output: Sequence[object]) -> list[object]:
    """What is left of the objects after the statement's Select-Object and ConvertTo-Json, as 5.1 leaves it."""
    objects = [value for value in output if isinstance(value, Mapping)]
    if not objects:
        return list(output)
    wanted = _projection(statement)
    rows = [{name: row.get(name) for name in wanted} if wanted else dict(row) for row in objects]
    if any(_same(c.name, "ConvertTo-Json") for c in statement.commands):
        answer = rows[0] if len(rows) == 1 else rows
        return [json.dumps(answer, default=_json, separators=(",", ":"), ensure_ascii=False)]
    return [RemoteObject(_TYPES, row) for row in rows]


def _projection(statement: Statement) -> list[str]:
    selects = [c for c in statement.commands if _same(c.name.rpartition("\\")[2], "Select-Object")]
    wanted = selects[-1].parameters.get("Property") if selects else None
    return [str(name) for name in wanted] if isinstance(wanted, list | tuple) else []


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return f"/Date({int(value.timestamp() * 1000)})/"
    if isinstance(value, EnumValue):
        return value.number
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, RemoteObject):
        return dict(value.properties)
    raise TypeError(f"A scripted answer cannot hold a {type(value).__name__}.")
