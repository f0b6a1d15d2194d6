"""preflight and moves: what an upgrade or a move will do, before anybody begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from harness.cli._durations import seconds_of
from harness.cli._options import Options, Output
from harness.cli._run import RunSettings, open_run, written
from harness.core.errors import InputError
from harness.core.preflight import UpgradeWish
from harness.engine import Run
from harness.report import fixes_playbook, moves_document, moves_tables, preflight_document, preflight_tables

__all__ = ["moves", "preflight", "wish_of"]


def wish_of(
    to: str, *, hosts: bool, guests: bool, cluster: str | None, edition: str | None, window: str
) -> UpgradeWish:
    """The options as a wish; neither hosts nor guests named means both. Raises InputError."""
    both = hosts == guests
    length = timedelta(seconds=seconds_of("--window", window))
    return UpgradeWish(to, hosts or both, guests or both, cluster, edition, length)


def preflight(options: Options, wish: UpgradeWish, playbook: str | None, report: str | None) -> int:
    """`avma preflight --to VERSION`."""
    with _opened(options, f"preflight --to {wish.to}") as run:
        found = run.preflight(wish)
        if options.output is Output.JSON:
            options.document(preflight_document(run.record))
        elif options.output is Output.TEXT:
            options.console().print(preflight_tables(found))
        if playbook is not None:
            _write(Path(playbook), fixes_playbook(found), options)
        code = int(run.exit_code())
    return written(options, run, report, code)


def moves(options: Options, drain: str | None, *, anywhere: bool, report: str | None) -> int:
    """`avma moves`."""
    with _opened(options, f"moves --drain {drain}" if drain else "moves") as run:
        matrix = run.moves(drain=drain, anywhere=anywhere)
        if options.output is Output.JSON:
            options.document(moves_document(run.record))
        elif options.output is Output.TEXT:
            options.console().print(moves_tables(matrix))
        code = int(run.exit_code())
    return written(options, run, report, code)


@contextmanager
def _opened(options: Options, command: str) -> Iterator[Run]:
    with open_run(options, RunSettings(command)) as run:
        run.gather()
        yield run


def _write(path: Path, text: str, options: Options) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(
            f"The playbook cannot be written: {error.strerror}.", target=str(path), hint="Give a writable path."
        ) from error
    options.talk().print(f"Playbook: {path}", markup=False)
