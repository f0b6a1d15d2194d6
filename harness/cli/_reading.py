"""What commands that only read are handed: inventory, sessions, store and event stream, without a run of their own."""

import getpass
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from harness.cli._options import Options, Output
from harness.cli._sinks import beneath, redactor
from harness.core.errors import InputError
from harness.engine import RunContext, SessionBook, SystemClock
from harness.engine.events import EventStream, Subscriber
from harness.lab import Resolver, Settings, load_inventory, select_hosts
from harness.report import LiveProgress, json_lines, log_lines, text_lines
from harness.store import open_store

__all__ = ["inventory_path", "open_reading", "progress", "run_id"]


@contextmanager
def open_reading(options: Options, limit: str = "") -> Iterator[tuple[RunContext, tuple[str, ...]]]:
    """A context and the hosts that ``limit`` and --limit choose, with progress on stderr; sessions end with it."""
    own = Settings()
    inventory = load_inventory(inventory_path(options, own))
    hosts = select_hosts(inventory, limit or options.limit or "")
    known = redactor()
    talk = options.talk()
    resolver = Resolver(register=known.register, warn=lambda text: talk.print(text, markup=False))
    stream = EventStream(known.redact)
    stream.subscribe(progress(options))
    if options.verbose:
        stream.subscribe(log_lines(sys.stderr, known.redact))
    sessions = SessionBook(inventory, resolver.resolve)
    store = open_store(options.store or own.store, known.redact)
    try:
        yield (
            RunContext(
                run_id=run_id(),
                person=getpass.getuser(),
                inventory=inventory,
                sessions=sessions,
                store=store,
                stream=stream,
                clock=SystemClock(),
                forks=options.forks or own.forks,
                redact=known.redact,
            ),
            hosts,
        )
    finally:
        sessions.close()
        store.close()


def progress(options: Options) -> Subscriber:
    """Who tells the events: as data on stdout with NDJSON, else on stderr."""
    if options.output is Output.NDJSON:
        return json_lines(beneath(sys.stdout))
    return LiveProgress(options.talk()) if sys.stderr.isatty() else text_lines(sys.stderr)


def inventory_path(options: Options, own: Settings) -> str:
    """The inventory of the command line or of the environment. Raises InputError where there is none."""
    path = options.inventory or own.inventory
    if path is None:
        raise InputError(
            "No inventory is given.", hint="Name one with -i FILE or AVMA_INVENTORY; `avma demo` needs none."
        )
    return str(path)


def run_id() -> str:
    """A new id: sortable by time, unique by chance."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
