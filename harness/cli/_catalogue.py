"""keys, matrix, codes, explain: the catalogue and the parsers, without any machine."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from harness.cli._options import Options, Output
from harness.core import catalogue
from harness.core.catalogue import keys as key_rows
from harness.core.errors import InputError

__all__ = ["codes", "explain", "keys", "matrix"]

_WORDS = {True: "yes", False: "no", None: "unknown"}


def keys(options: Options, kind: str | None) -> int:
    """`avma keys`: avma/keys/1."""
    if kind is not None and kind.upper() not in ("AVMA", "GVLK"):
        raise InputError("There is no such kind of public key.", target=kind, hint="Ask for AVMA or GVLK.")
    rows = [
        {
            "os_version": row.release,
            "edition": row.edition,
            "kind": row.kind,
            "key": row.key,
            "tag": row.tag,
            "source": row.source,
            "date": row.date,
        }
        for row in key_rows()
        if kind is None or row.kind == kind.upper()
    ]
    if options.output is not Output.TEXT:
        options.document({"schema": "avma/keys/1", "keys": rows})
        return 0
    _table(options, ("System", "Edition", "Kind", "Key", "Evidence"), [list(r.values())[:5] for r in rows])
    return 0


def matrix(options: Options, host: str | None, guest: str | None) -> int:
    """`avma matrix [HOST GUEST]`: avma/matrix/1."""
    cells = [
        {"host": c.host, "guest": c.guest, "supported": c.supported, "note": c.note, "source": c.source, "date": c.date}
        for c in _cells(host, guest)
    ]
    if not cells:
        raise InputError(
            "The matrix has no such host or guest.",
            target=" ".join(filter(None, (host, guest))),
            hint="`avma matrix` without a name lists all.",
        )
    if options.output is not Output.TEXT:
        options.document({"schema": "avma/matrix/1", "cells": cells})
        return 0
    _table(
        options,
        ("Host", "Guest", "Activates", "Note"),
        [[c["host"], c["guest"], _WORDS[c["supported"]], c["note"]] for c in cells],  # type: ignore[index]
    )
    return 0


def codes(options: Options, code: str | None) -> int:
    """`avma codes [CODE]`: avma/codes/1."""
    found = [catalogue.code(code)] if code is not None else list(catalogue.codes())
    rows = [{**asdict(row), "code": f"0x{row.value:08X}"} for row in found if row is not None]
    if not rows:
        raise InputError(
            "The catalogue does not know this code.", target=code, hint="`avma codes` lists those it knows."
        )
    if options.output is not Output.TEXT:
        options.document({"schema": "avma/codes/1", "codes": rows})
        return 0
    _table(
        options,
        ("Code", "Name", "Meaning", "Next step"),
        [[r["code"], r["name"], r["meaning"], r["next_step"]] for r in rows],
    )
    return 0


def explain(options: Options, file: str) -> int:
    """`avma explain FILE|-`: avma/explain/1."""
    from harness.core.witnesses import decode_answer
    from harness.core.witnesses import explain as read
    from harness.report import plain, visible

    found = read(decode_answer(_pasted(file)))
    document = plain(found)
    assert isinstance(document, dict)
    if options.output is not Output.TEXT:
        options.document({"schema": "avma/explain/1", **document})
        return 0
    console = options.console()
    for sentence in found.sentences:
        console.print(visible(sentence), markup=False)
    return 0


def _pasted(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(
            f"The file cannot be read: {error.strerror}.", target=file, hint="Give a readable file, or - for stdin."
        ) from error


def _cells(host: str | None, guest: str | None) -> list[catalogue.Cell]:
    if host is not None and guest is not None and catalogue.normal_release(host) and catalogue.normal_release(guest):
        return [catalogue.host_supports(host, guest)]
    return [
        cell
        for cell in catalogue.matrix()
        if (host is None or _release(cell.host) == _release(host))
        and (guest is None or _release(cell.guest) == _release(guest))
    ]


def _release(text: str | None) -> str | None:
    return None if text is None else text.casefold().replace(" ", "").removeprefix("windowsserver")


def _table(options: Options, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    options.console().print(table)
