"""`avma usage`: the activation history out of host logs, kept over time in the store."""

import sys
from datetime import timedelta
from pathlib import Path

from harness.cli._durations import seconds_of
from harness.cli._options import Options, Output
from harness.cli._reading import open_reading
from harness.cli._sinks import shown
from harness.core.errors import InputError
from harness.core.exitcodes import ExitCode, highest
from harness.core.usage import history_of, owners_of
from harness.engine import Look, observe
from harness.report import usage_csv, usage_document, usage_tables

__all__ = ["usage"]


def usage(options: Options, since: str | None, table: str | None) -> int:
    """`avma usage [--since 90d] [--csv FILE|-]`: avma/usage/1. Exit code 4: a host not reached, 3: a log not read."""
    window = timedelta(seconds=seconds_of("--since", since)) if since else None
    with open_reading(options) as (context, hosts):
        look = observe(context, hosts)
        memory = context.store.observations
        observed, guests, seen = memory.events(), memory.guests(), memory.hosts()
    owners = owners_of(observed, guests, [name for host in seen for name in (host.host, host.computer)])
    history = history_of(observed, owners, guests, look.now)
    strays = [event for event, owner in zip(observed, owners, strict=True) if owner is None]
    document = usage_document(look.now, look.now - window if window else None, history, strays, seen)
    if table is not None:
        _write(table, usage_csv(shown(document)))
    if options.output is not Output.TEXT:
        options.document(document)
    elif table != "-":
        options.console().print(usage_tables(look.now, shown(history), document))
    return int(_code(look))


def _code(look: Look) -> ExitCode:
    codes = {ExitCode.UNREACHABLE: look.unreachable, ExitCode.FAILED: look.failed}
    return highest(code for code, applies in codes.items() if applies)


def _write(path: str, text: str) -> None:
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        Path(path).write_text(text, "utf-8", newline="")
    except OSError as error:
        raise InputError(
            f"The CSV file cannot be written: {error.strerror}.", target=path, hint="Give a writable file, or -."
        ) from error
