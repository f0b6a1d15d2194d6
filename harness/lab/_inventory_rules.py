"""What an inventory's structure alone cannot say, entry by entry; `_references` and `_trust` look between entries."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from harness.lab._document import Document
from harness.lab._problems import Problem
from harness.lab._references import reference_problems
from harness.lab._trust import trust_problems
from harness.lab._walk import entries, found_at, machines

__all__ = ["inventory_problems"]

_FILES = (
    ("defaults", "ca"),
    ("hosts", "*", "ca"),
    ("clusters", "*", "nodes", "*", "ca"),
    ("guest_access", "*", "ca"),
    ("credentials", "*", "certificate"),
    ("credentials", "*", "private_key"),
)
_PAIRS = (("username", "password"), ("certificate", "private_key"))


def inventory_problems(document: Document, today: date) -> Iterator[Problem]:
    """Everything wrong with an inventory beyond its structure, whatever is wrong with that."""
    yield from reference_problems(document)
    yield from trust_problems(document, today)
    yield from _credentials(document)
    yield from _keys(document)
    yield from _idle_keys(document)
    yield from _files(document)
    yield from _nothing(document)


def _credentials(document: Document) -> Iterator[Problem]:
    for path, entry in entries(document.data, "credentials"):
        place = document.place(path, key=True)
        given = [key for pair in _PAIRS for key in pair if entry.get(key) is not None]
        if not given:
            yield Problem(place, "missing_key", "This credential is empty.", "Give `username` and `password`.")
        for one, other in (*_PAIRS, *(pair[::-1] for pair in _PAIRS)):
            if one in given and other not in given:
                yield Problem(place, "missing_key", f"`{other}` is missing.", f"`{one}` is of no use without it.")


def _keys(document: Document) -> Iterator[Problem]:
    for path, entry in entries(document.data, "keys"):
        kind, activations = entry.get("kind"), entry.get("activations")
        if kind == "mak" and activations is None:
            advice = "A MAK has a count: say how many hosts it may still serve."
            yield Problem(document.place(path, key=True), "missing_key", "`activations` is missing.", advice)
        if kind in ("retail", "oem") and activations is not None:
            place = document.place((*path, "activations"), key=True)
            yield Problem(place, "not_applicable", f"A {kind} key serves one host and has no count.", "Remove it.")


def _idle_keys(document: Document) -> Iterator[Problem]:
    """A key on a host whose licensing ignores it is a misunderstanding better cleared before money is spent."""
    clusters = {path[-1]: entry for path, entry in entries(document.data, "clusters")}
    for path, entry in machines(document.data):
        owner = clusters[path[1]] if path[0] == "clusters" else entry
        licensing = owner.get("licensing")
        if entry.get("key") is not None and licensing in ("host", "subscription"):
            message = f"This key would never be used: the licensing is `{licensing}`."
            place = document.place((*path, "key"), key=True)
            yield Problem(place, "not_applicable", message, "Remove the key, or write `licensing: byol`.")


def _files(document: Document) -> Iterator[Problem]:
    folder = Path(document.file).absolute().parent
    for pattern in _FILES:
        for path, value in found_at(document.data, pattern):
            if isinstance(value, str) and value and not (folder / Path(value).expanduser()).is_file():
                advice = "A relative path starts at the inventory's folder."
                yield Problem(document.place(path), "file_missing", "There is no such file.", advice)


def _nothing(document: Document) -> Iterator[Problem]:
    if not document.data.get("hosts") and not document.data.get("clusters"):
        place = document.place(("hosts",), key=True)
        yield Problem(place, "missing_key", "This inventory names no host.", "Add an entry to `hosts` or `clusters`.")
