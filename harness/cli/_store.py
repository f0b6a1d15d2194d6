"""runs, report: what the store remembers."""

import json
from dataclasses import asdict
from pathlib import Path

from harness.cli._evidence import check_evidence, export_evidence
from harness.cli._options import Options, Output
from harness.cli._sinks import shown
from harness.core.errors import InputError
from harness.engine import RunRecord, read_record
from harness.lab import Settings
from harness.report import html_page, junit_xml, print_record, run_document, visible
from harness.store import Store, open_store

__all__ = ["report", "runs", "write_report"]


def runs(options: Options) -> int:
    """`avma runs`."""
    store = _open(options)
    rows = [asdict(row) for row in store.runs.list()]
    store.close()
    return _table(options, "avma/runs/1", "runs", rows)


def report(
    options: Options, run_id: str, directory: str | None, *, evidence: str | None = None, check: str | None = None
) -> int:
    """`avma report RUN`."""
    store = _open(options)
    try:
        if check is not None:
            return check_evidence(options, store, Path(check))
        record = read_record(store.runs.record(run_id))
        if evidence is not None:
            export_evidence(options, store, record, Path(evidence))
    finally:
        store.close()
    if directory is not None:
        write_report(record, Path(directory), options)
    elif evidence is not None:
        return 0
    elif options.output is Output.TEXT:
        print_record(options.console(), record)
    else:
        options.document(run_document(record))
    return 0


def write_report(record: RunRecord, directory: Path, options: Options) -> None:
    """report.html, junit.xml and run.json of one run. Raises InputError where they cannot be written."""
    record = shown(record)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "report.html").write_text(html_page(record), "utf-8")
        (directory / "junit.xml").write_bytes(junit_xml(record))
        (directory / "run.json").write_text(json.dumps(run_document(record), indent=1, ensure_ascii=False), "utf-8")
    except OSError as error:
        raise InputError(
            f"The report cannot be written: {error.strerror}.", target=str(directory), hint="Give a writable folder."
        ) from error
    options.talk().print(f"Report: {directory / 'report.html'}", markup=False)


def _open(options: Options) -> Store:
    return open_store(options.store or Settings().store)


def _cell(name: str, value: object) -> str:
    """A value for people: no None, and times to the second."""
    text = "" if value is None else visible(str(value))
    return text[: len("2026-11-22T10:00:00")].replace("T", " ") if name in {"started", "finished"} else text


def _table(options: Options, schema: str, name: str, rows: list[dict[str, object]]) -> int:
    if options.output is not Output.TEXT:
        options.document({"schema": schema, name: rows})
        return 0
    from rich.table import Table
    from rich.text import Text

    if not rows:
        options.console().print(f"No {name} in this store.")
        return 0
    table = Table(header_style="bold")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), overflow="fold", no_wrap=column == "run_id")  # ids are copied
    for row in rows:
        table.add_row(*(Text(_cell(name, value)) for name, value in row.items()))
    options.console().print(table)
    return 0
