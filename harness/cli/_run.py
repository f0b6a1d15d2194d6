"""facts, plan, apply, verify: one run each."""

import getpass
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.cli._durations import seconds_of
from harness.cli._options import Options, Output
from harness.cli._reading import inventory_path, progress, run_id
from harness.cli._sinks import redactor, shown
from harness.core.errors import InputError
from harness.core.exitcodes import ExitCode, highest
from harness.core.model import Playbook
from harness.core.tracking import tracking
from harness.engine import (
    HostHold,
    Run,
    RunContext,
    SessionBook,
    SystemClock,
    holder_of,
    longest_operation,
    read_plan,
    watch,
)
from harness.engine.events import EventStream, Note
from harness.lab import Resolver, Settings, load_inventory, load_playbook, select_hosts
from harness.report import (
    apply_document,
    facts_document,
    facts_tables,
    log_lines,
    plain,
    plan_document,
    plan_tables,
    print_record,
    tracking_table,
    verify_document,
)
from harness.store import open_store

__all__ = [
    "Overrides",
    "RunSettings",
    "apply",
    "carry_out",
    "facts",
    "open_run",
    "plan",
    "verify",
    "written",
]


Overrides = Mapping[str, Mapping[str, object]]
"""Options by the kind of step."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a run needs beside the inventory: command as shown, playbook, hosts' limit, steps' tags.

    ``asked`` is what the operator named as playbook, kept so that `avma resume` can ask the same again. ``changes``:
    whether the run may change something, so that it holds its hosts; ``resumes`` is the run whose leases it inherits;
    ``overrides`` are options by step kind that the command line lays over the playbook's.
    """

    command: str
    playbook: Playbook | None = None
    limit: str | None = None
    tags: tuple[str, ...] = ()
    asked: str | None = None
    changes: bool = False
    resumes: str | None = None
    overrides: Overrides = field(default_factory=dict)

    def request(self, options: Options, inventory: str) -> dict[str, object]:
        """What the store keeps of it, as JSON-ready values."""
        return {
            "playbook": self.asked,
            "limit": self.limit or options.limit,
            "tags": list(self.tags),
            "overrides": {kind: dict(told) for kind, told in self.overrides.items()},
            "inventory": str(Path(inventory).resolve()),
        }


@contextmanager
def open_run(options: Options, settings: RunSettings) -> Iterator[Run]:
    """A run over the inventory's chosen hosts, with progress on stderr and the store open."""
    own = Settings()
    path = inventory_path(options, own)
    inventory = load_inventory(path)
    hosts = select_hosts(inventory, settings.limit or options.limit or "")
    secrets_known = redactor()
    talk = options.talk()
    resolver = Resolver(register=secrets_known.register, warn=lambda text: talk.print(text, markup=False))
    stream = EventStream(secrets_known.redact)
    stream.subscribe(progress(options))
    if options.verbose:
        stream.subscribe(log_lines(sys.stderr, secrets_known.redact))
    store = open_store(options.store or own.store, secrets_known.redact)
    clock, new = SystemClock(), run_id()
    hold = HostHold(
        store.leases,
        holder_of(new, settings.command),
        clock=clock,
        operation_seconds=longest_operation(inventory, hosts),
    )
    try:
        context = RunContext(
            run_id=new,
            person=getpass.getuser(),
            inventory=inventory,
            sessions=SessionBook(inventory, resolver.resolve),
            store=store,
            stream=stream,
            clock=clock,
            forks=options.forks or own.forks,
            settle_seconds=own.settle_seconds,
            hold=hold if settings.changes else None,
            redact=secrets_known.redact,
        )
        _note_waivers(context)
        request = settings.request(options, path)
        with (
            hold,
            Run(
                context,
                command=settings.command,
                hosts=hosts,
                playbook=settings.playbook,
                request=request,
                resumes=settings.resumes,
            ) as run,
        ):
            yield run
    finally:
        store.close()


def facts(options: Options, *, kvp: bool = False) -> int:
    """`avma facts`; with ``kvp`` also what guests tell of themselves through Data Exchange."""
    with open_run(options, RunSettings("facts")) as run:
        found = run.gather()
        if options.output is Output.JSON:
            heard = {"tracking": plain(tracking(found))} if kvp else {}
            options.document({**facts_document(run.record), **heard})
        elif options.output is Output.TEXT:
            options.console().print(tracking_table(shown(tracking(found))) if kvp else facts_tables(shown(found)))
        return int(run.exit_code())


def plan(options: Options, playbook: str, tags: str, *, detailed_exitcode: bool) -> int:
    """`avma plan PLAYBOOK`."""
    with open_run(options, RunSettings(f"plan {playbook}", load_playbook(playbook))) as run:
        run.gather()
        made = run.plan(tags=_words(tags))
        if options.output is Output.JSON:
            options.document(plan_document(made))
        elif options.output is Output.TEXT:
            options.console().print(plan_tables(shown(made)))
        pending = [ExitCode.CHANGES_PENDING] if detailed_exitcode and made.actions else []
        return int(highest((run.exit_code(), *pending)))


def apply(options: Options, playbook: str, tags: str, report: str | None) -> int:
    """`avma apply PLAYBOOK|PLAN`."""
    if playbook.endswith(".json"):
        saved = read_plan(_read(playbook))
        with open_run(options, RunSettings(f"apply {playbook}", changes=True)) as run:
            run.gather()
            run.use(saved)
            code = carry_out(options, run)
        return written(options, run, report, code)
    settings = RunSettings(
        f"apply {playbook}", load_playbook(playbook), tags=_words(tags), asked=playbook, changes=True
    )
    with open_run(options, settings) as run:
        run.gather()
        run.plan(tags=settings.tags)
        code = carry_out(options, run)
    return written(options, run, report, code)


def verify(options: Options, report: str | None, *, patience: tuple[str, str] | None = None) -> int:
    """`avma verify`; with ``patience`` (deadline and interval) `avma verify --watch`."""
    seconds = tuple(map(seconds_of, ("--deadline", "--every"), patience)) if patience else ()
    with open_run(options, RunSettings("verify --watch" if patience else "verify")) as run:
        if seconds:
            watch(run, seconds=seconds[0], every=seconds[1])
        else:
            run.verify()
        if options.output is Output.JSON:
            options.document(verify_document(run.record))
        elif options.output is Output.TEXT:
            print_record(options.console(), shown(run.record))
        code = int(run.exit_code())
    return written(options, run, report, code)


def carry_out(options: Options, run: Run, *, plan_seen: bool = False) -> int:
    """Apply what the run has planned, verify, print; the exit code. ``plan_seen``: the plan is on screen already."""
    run.apply()
    run.verify()
    if options.output is Output.JSON:
        options.document(apply_document(run.record))
    elif options.output is Output.TEXT:
        record = replace(run.record, plan=None) if plan_seen else run.record
        print_record(options.console(), shown(record))
    return int(run.exit_code())


def written(options: Options, run: Run, directory: str | None, code: int) -> int:
    """The report files, once the run is over and its record complete."""
    if directory is not None:
        from harness.cli._store import write_report

        write_report(run.record, Path(directory), options)
    return code


def _note_waivers(context: RunContext) -> None:
    """Lowered trust is said aloud in every run."""
    for name, host in context.inventory.hosts.items():
        waiver = host.connection.waiver
        if waiver is not None:
            text = f"a waiver lowers trust until {waiver.expires}: {waiver.reason}"
            context.publish(Note, target=name, message=text)


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read: {error}.", target=path, hint="Give a readable file.") from error


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
