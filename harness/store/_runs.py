"""Runs and their journal: intent before, outcome after, the whole record at the end."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Engine, select

from harness.core.errors import InputError
from harness.core.model import Action, ActionResult
from harness.store import _tables as t

__all__ = ["AskedRun", "JournalEntry", "RunRow", "Runs"]


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as listed: times are ISO 8601 UTC texts; ``exit_code`` is None while it runs or when it crashed.

    ``resumed_by`` names the run that settled what this one left open.
    """

    run_id: str
    command: str
    inventory: str
    playbook: str | None
    person: str
    started: str
    finished: str | None
    exit_code: int | None
    resumed_by: str | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of the journal: ``state`` is intent or one of the six outcomes."""

    run_id: str
    action_id: str
    target: str
    step: str
    state: str
    time: str
    message: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskedRun:
    """A run and what was asked of it. ``plan`` is the JSON document of the plan it began to carry out, if it came so
    far.
    """

    row: RunRow
    request: Mapping[str, object]
    plan: str | None


_LISTED = [c for c in t.runs.c if c.name not in {"record", "request", "plan"}]


class Runs:
    """The store's runs and journal."""

    def __init__(self, engine: Engine, redact: Callable[[str], str] = str) -> None:
        self._engine = engine
        self._redact = redact

    def begin(self, row: RunRow, *, request: Mapping[str, object] | None = None, resumes: str | None = None) -> None:
        """Record that a run started, and what was asked of it: enough to ask the same again.

        The leases of the run that it ``resumes`` become its own in the same moment, so that a second death leaves no
        lease behind that nobody can resume. Should the earlier run still live, it sends nothing more.
        """
        with self._engine.begin() as connection:
            if resumes is not None:
                inherited = t.leases.update().where(t.leases.c.holder == resumes)
                connection.execute(inherited.values(holder=row.run_id))
            connection.execute(
                t.runs.insert().values(
                    run_id=row.run_id,
                    command=row.command,
                    inventory=row.inventory,
                    playbook=row.playbook,
                    person=row.person,
                    started=row.started,
                    request=json.dumps(dict(request or {})),
                )
            )

    def use(self, run_id: str, plan: str) -> None:
        """Record the plan (a JSON document, already free of secrets) that a run is about to carry out."""
        with self._engine.begin() as connection:
            connection.execute(t.runs.update().where(t.runs.c.run_id == run_id).values(plan=plan))

    def finish(self, run_id: str, *, time: str, exit_code: int, record: str) -> None:
        """Record how a run ended; ``record`` is its JSON document, already free of secrets."""
        with self._engine.begin() as connection:
            connection.execute(
                t.runs.update()
                .where(t.runs.c.run_id == run_id)
                .values(finished=time, exit_code=exit_code, record=record)
            )

    def list(self) -> tuple[RunRow, ...]:
        """All runs, newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(*_LISTED).order_by(t.runs.c.started.desc())).mappings()
            return tuple(RunRow(**dict(row)) for row in rows)

    def asked(self, run_id: str) -> AskedRun:
        """A run with what was asked of it; ``last`` names the newest that no other run resumed.

        Raises:
            InputError: no such run.
        """
        query = select(*_LISTED, t.runs.c.request, t.runs.c.plan)
        if run_id == "last":
            query = query.where(t.runs.c.resumed_by.is_(None)).order_by(t.runs.c.started.desc()).limit(1)
        else:
            query = query.where(t.runs.c.run_id == run_id)
        with self._engine.connect() as connection:
            found = connection.execute(query).mappings().first()
        if found is None:
            raise InputError(
                "There is no run of that id.", target=run_id, hint="`avma runs` lists the runs of this store."
            )
        row = dict(found)
        request, plan = row.pop("request"), row.pop("plan")
        return AskedRun(RunRow(**row), json.loads(request or "{}"), plan)

    def resumed(self, run_id: str, by: str) -> None:
        """Record which run settled what a run left open."""
        with self._engine.begin() as connection:
            connection.execute(t.runs.update().where(t.runs.c.run_id == run_id).values(resumed_by=by))

    def record(self, run_id: str) -> str:
        """The run's JSON record; ``last`` names the newest that has one.

        Raises:
            InputError: no such run, or it left no record.
        """
        query = select(t.runs.c.record).where(t.runs.c.record.is_not(None))
        query = (
            query.order_by(t.runs.c.started.desc()).limit(1)
            if run_id == "last"
            else query.where(t.runs.c.run_id == run_id)
        )
        with self._engine.connect() as connection:
            found = connection.execute(query).scalar_one_or_none()
        if found is None:
            raise InputError(
                "There is no finished run of that id.", target=run_id, hint="`avma runs` lists the runs of this store."
            )
        return str(found)

    def intent(self, run_id: str, action: Action, *, time: str) -> None:
        """Write that ``action`` is about to be sent. On disk when this returns."""
        self._append(
            JournalEntry(run_id, action.id, action.target, str(action.step), "intent", time, action.reason, ())
        )

    def outcome(self, run_id: str, result: ActionResult, *, time: str) -> None:
        """Write how an action ended."""
        action = result.action
        self._append(
            JournalEntry(
                run_id,
                action.id,
                action.target,
                str(action.step),
                str(result.state),
                time,
                result.message,
                result.evidence,
            )
        )

    def journal(self, run_id: str) -> tuple[JournalEntry, ...]:
        """The journal of one run, in order."""
        query = select(t.journal).where(t.journal.c.run_id == run_id).order_by(t.journal.c.id)
        with self._engine.connect() as connection:
            return tuple(
                JournalEntry(
                    row["run_id"],
                    row["action_id"],
                    row["target"],
                    row["step"],
                    row["state"],
                    row["time"],
                    row["message"],
                    tuple(json.loads(row["evidence"])),
                )
                for row in connection.execute(query).mappings()
            )

    def open_intents(self, run_id: str) -> tuple[JournalEntry, ...]:
        """The intents of a run that no outcome followed: what it was doing when it ended."""
        last = {entry.action_id: entry for entry in self.journal(run_id)}
        return tuple(entry for entry in last.values() if entry.state == "intent")

    def settle(self, entry: JournalEntry, state: str, message: str, *, time: str) -> None:
        """Write how an open intent ended, found out later."""
        self._append(replace(entry, state=state, message=message, time=time, evidence=()))

    def _append(self, entry: JournalEntry) -> None:
        told = [self._redact(text) for text in entry.evidence]
        values = {**asdict(entry), "message": self._redact(entry.message), "evidence": json.dumps(told)}
        with self._engine.begin() as connection:
            connection.execute(t.journal.insert().values(values))
