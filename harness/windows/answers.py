"""From one stream of objects and one stream of errors back to an answer, or a reason, for each question asked.

Errors are matched by the class in their id and by numbers, never by their text, which is localised.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.core.model import PartState
from harness.remoting import ErrorDetail, PipelineResult, PowerShellSession
from harness.windows._error_codes import error_code, raised_by
from harness.windows._values import Row, plain
from harness.windows.question import FULL, Projection, Question

__all__ = ["Answers", "ask", "read"]

_TAIL = frozenset({"selectobject", "converttojson"})
UNREADABLE = "unreadable_answer"
NO_ANSWER = "no_answer"
NONE_FOUND = "none_found"
EMPTY = "empty_answer"


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back: rows and a state for each question; ``raw`` is what no question's property set claims."""

    rows: Mapping[str, tuple[Row, ...]]
    parts: Mapping[str, PartState]
    raw: tuple[object, ...]
    errors: Mapping[str, tuple[ErrorDetail, ...]]
    ending: ErrorDetail | None
    """The terminating error that ended the pipeline, if one did."""
    blamed: str | None = None
    """The subject that it came from, where that can be told."""
    unheard: tuple[Question, ...] = ()
    """Questions that a terminating error of another subject may have silenced."""

    def first(self, name: str) -> Row | None:
        """The only row of a part that has one."""
        return next(iter(self.rows.get(name, ())), None)

    def replaced(self, name: str, other: "Answers") -> "Answers":
        """The same answers with one part taken from another pipeline."""
        return replace(
            self,
            rows={**self.rows, name: other.rows[name]},
            parts={**self.parts, name: other.parts[name]},
            errors={**self.errors, name: other.errors[name]},
        )

    @property
    def stale(self) -> bool:
        """A command was gone that should have been there: what is remembered of this machine is out of date."""
        return self.ending is not None and self.ending.error_id == "CommandNotFoundException"


def ask(
    session: PowerShellSession, questions: Sequence[Question], projection: Projection = FULL, *, seconds: float
) -> Answers:
    """Send questions as one pipeline and sort out what comes back. Changes nothing on the machine.

    Raises:
        TransportError: by phase.
    """
    if not questions:
        return read(PipelineResult(()), ())
    result = session.run([question.statement(projection) for question in questions], seconds=seconds)
    return read(result, questions, projection)


def read(result: PipelineResult, questions: Sequence[Question], projection: Projection = FULL) -> Answers:
    """Sort the output of one pipeline by question, and say for each silent one what its silence means."""
    shapeless = next((q for q in questions if not q.properties), None)
    rows, raw = _sorted_out(result.output, questions, projection)
    answered = {name for name, found in rows.items() if found}
    if shapeless and raw:
        answered.add(shapeless.name)
    ending = result.errors[-1] if result.failed and result.errors else None
    accused = {index: _accused(error, questions, answered) for index, error in enumerate(result.errors)}
    blamed = accused[len(result.errors) - 1] if ending else []
    nobodys = [shapeless] if shapeless else [q for q in questions if q.name not in answered]
    errors: dict[str, list[ErrorDetail]] = {question.name: [] for question in questions}
    for index, error in enumerate(result.errors):
        for question in accused[index] or nobodys:
            errors[question.name].append(error)
    heard = {q.name for q in questions} if not result.failed else _heard(questions, answered, blamed)
    if ending and not blamed and shapeless and raised_by(ending) not in _TAIL:
        blamed = [shapeless]
    state = _Reading(answered, heard, ending, has_stray=bool(raw) and shapeless is None)
    groups = {question.group for question in blamed}
    return Answers(
        rows=rows,
        parts={q.name: state.of(q, errors[q.name]) for q in questions},
        raw=tuple(raw),
        errors={name: tuple(found) for name, found in errors.items()},
        ending=ending,
        blamed=next(iter(groups)) if len(groups) == 1 else None,
        unheard=tuple(q for q in questions if q.name not in heard and q.group not in groups),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is known of the whole stream when a single part is judged."""

    answered: set[str]
    heard: set[str]
    ending: ErrorDetail | None
    has_stray: bool

    def of(self, question: Question, errors: Sequence[ErrorDetail]) -> PartState:
        telling = [error for error in errors if error.error_id not in question.nothing]
        if question.name in self.answered:
            if telling and question.several:
                return PartState(ok=False, code="partial_answer", message=telling[0].message)
            return PartState(ok=True)
        if telling:
            return PartState(ok=False, code=error_code(telling[0]), message=telling[0].message)
        if errors:
            return PartState(ok=True, code=NONE_FOUND)
        if question.name not in self.heard:
            cause = f" after: {self.ending.message}" if self.ending else ""
            return PartState(ok=False, code=NO_ANSWER, message=f"The pipeline ended before it was answered{cause}")
        if not question.properties:
            return PartState(ok=True, code=EMPTY)
        if question.expected:
            code = UNREADABLE if self.has_stray else NO_ANSWER
            return PartState(ok=False, code=code, message="The machine gave no answer that can be read.")
        return PartState(ok=True)


def _sorted_out(
    output: Sequence[object], questions: Sequence[Question], projection: Projection
) -> tuple[dict[str, tuple[Row, ...]], list[object]]:
    """The rows of each question, and what belongs to none."""
    rows: dict[str, list[Row]] = {question.name: [] for question in questions}
    raw: list[object] = []
    owners: dict[tuple[object, ...], Question | None] = {}  # objects of one answer hold their properties in one order
    for value in _objects(output):
        if not isinstance(value, dict):
            raw.append(value)
            continue
        shape = tuple(value)
        if shape not in owners:
            owners[shape] = _owner(shape, questions, whole=projection.select is None)
        owner = owners[shape]
        if owner is None:
            raw.append(value)
        else:
            rows[owner.name].append(Row.plain_table(value))
    return {name: tuple(found) for name, found in rows.items()}, raw


def _objects(output: Sequence[object]) -> Iterator[object]:
    """The plain objects in a stream, out of JSON texts where they are such."""
    for value in output:
        found = plain(_parsed(value) if isinstance(value, str) else value)
        if isinstance(found, list):
            yield from found
        else:
            yield found


def _parsed(text: str) -> object:
    """The object or objects of a JSON text; other text stays text."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _owner(shape: Iterable[object], questions: Sequence[Question], *, whole: bool) -> Question | None:
    """Whose answer an object is: by its exact property set, or for whole objects by the largest set it has."""
    keys = frozenset(str(key).casefold() for key in shape)
    exact = next((q for q in questions if q.properties and q.keys == keys), None)
    if exact or not whole:
        return exact
    fitting = [q for q in questions if q.properties and q.keys <= keys]
    return max(fitting, key=lambda q: len(q.keys), default=None)


def _accused(error: ErrorDetail, questions: Sequence[Question], answered: set[str]) -> list[Question]:
    """The questions that an error may belong to: by command, then by what it names, then those without an answer."""
    if error.error_id == "CommandNotFoundException":
        missing = (error.target or error.message).casefold()
        return [q for q in questions if any(name in missing for name in q.commands)]
    raiser = raised_by(error)
    able = [q for q in questions if raiser in {name.replace("-", "") for name in q.commands}]
    named = [q for q in able if _names(error, q)] or able
    silent = [q for q in named if q.name not in answered]
    return silent or [q for q in named if q.several]


def _names(error: ErrorDetail, question: Question) -> bool:
    """Whether an error can only be about this question's namespace or class."""
    parameters = [(k.casefold(), v) for command in question.source for k, v in command.parameters.items()]
    if error_code(error) == "namespace_missing":
        return any(key == "namespace" for key, _ in parameters)
    if error_code(error) == "query_refused":
        return any(key == "query" for key, _ in parameters)
    target = (error.target or "").casefold()
    return any(key == "classname" and str(value).casefold() in target for key, value in parameters if target)


def _heard(questions: Sequence[Question], answered: set[str], blamed: Sequence[Question]) -> set[str]:
    """The questions of a failed pipeline that certainly ran: those up to its last sign of life."""
    last = max((i for i, q in enumerate(questions) if q.name in answered), default=-1)
    if blamed:
        last = max(last, min(i for i, q in enumerate(questions) if q in blamed))
    return {q.name for q in questions[: last + 1]}
