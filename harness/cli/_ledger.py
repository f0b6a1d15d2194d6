"""ledger: every host key ever sent, and what is left of each; as tables, as a document, or exported to a file."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.cli._options import Options, Output
from harness.core.errors import InputError
from harness.lab import Settings
from harness.report import plain, visible
from harness.store import Budget, LedgerEntry, budgets, open_store

__all__ = ["ledger"]

_COLUMNS = (
    *("id", "key_name", "last5", "kind", "version", "host", "state", "intended", "settled", "person", "run_id"),
    *("before", "activations", "message", "fingerprint"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def ledger(options: Options, export: str | None) -> int:
    """`avma ledger`: avma/ledger/1."""
    store = open_store(options.store or Settings().store)
    try:
        entries = store.ledger.entries()
    finally:
        store.close()
    rows, left = [_row(entry) for entry in entries], budgets(entries)
    document: dict[str, object] = {"schema": "avma/ledger/1", "entries": rows, "budgets": plain(left)}
    if export is not None:
        _export(options, Path(export), document, rows)
    elif options.output is not Output.TEXT:
        options.document(document)
    else:
        _print(options, rows, left)
    return 0


def _row(entry: LedgerEntry) -> dict[str, object]:
    values = {name: getattr(entry, name) for name in _COLUMNS if name != "before"} | {"before": _before(entry)}
    return {name: values[name] for name in _COLUMNS}


def _before(entry: LedgerEntry) -> str:
    """What the host showed before the key was sent."""
    sight = entry.sight
    if sight.configured is None:
        return "unknown"
    return f"key ...{sight.last5 or '?????'}" if sight.configured else "none"


def _export(options: Options, path: Path, document: Mapping[str, object], rows: Sequence[Mapping[str, object]]) -> None:
    if path.suffix not in {".csv", ".json"}:
        raise InputError(
            "The export's name tells its format.", target=str(path), hint="Give a name that ends in .csv or .json."
        )
    text = _csv(rows) if path.suffix == ".csv" else json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise InputError(
            f"The ledger cannot be written: {error.strerror}.", target=str(path), hint="Give a writable file."
        ) from error
    options.talk().print(f"Ledger: {path}, {len(rows)} entries", markup=False)


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    """RFC 4180; a text that a spreadsheet would run as a formula gets an apostrophe before it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _print(options: Options, rows: Sequence[Mapping[str, object]], left: Sequence[Budget]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = options.console()
    if not rows:
        console.print("No host key was ever sent from this store.")
        return
    shown = ("id", "key_name", "last5", "host", "state", "intended", "person", "run_id", "before", "message")
    table = Table(title="Host keys", title_justify="left", title_style="bold", header_style="bold")
    for name in shown:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(str(row[name]))) for name in shown))
    console.print(table)
    keys = Table(title="What is left", title_justify="left", title_style="bold", header_style="bold")
    for name in ("Key", "Kind", "Version", "Activations", "Used", "In doubt", "Left", "Hosts"):
        keys.add_column(name, overflow="fold")
    for key in left:
        names = f"{', '.join(key.names)} (...{key.last5})"
        counts = ("unknown" if n is None else str(n) for n in (key.total, key.used, key.in_doubt, key.left))
        keys.add_row(Text(visible(names)), key.kind, key.version, *counts, Text(visible(", ".join(key.hosts))))
    console.print(keys)
