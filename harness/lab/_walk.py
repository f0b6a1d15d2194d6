"""Ways through a file's plain data, for the rules that look between entries.

Those rules read the data and not the forms: so they speak also where other parts of the file are wrong, and a person
sees everything at once. Whatever does not have the expected shape is passed over; its structure is told elsewhere.
"""

from collections.abc import Iterator, Mapping

__all__ = ["DataPath", "entries", "found_at", "machines"]

DataPath = tuple[str | int, ...]
"""Where a value stands: keys and list indices from the top."""


def entries(data: object, *path: str) -> Iterator[tuple[DataPath, Mapping[str, object]]]:
    """The entries of a section that are mappings, with their paths; an entry left empty is an empty mapping."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    for name, entry in data.items() if isinstance(data, dict) else ():
        if isinstance(entry, dict) or entry is None:
            yield (*path, name), entry or {}


def machines(data: Mapping[str, object]) -> Iterator[tuple[DataPath, Mapping[str, object]]]:
    """Every host and every cluster node, as written."""
    yield from entries(data, "hosts")
    for (_, cluster), _ in entries(data, "clusters"):
        yield from entries(data, "clusters", str(cluster), "nodes")


def found_at(data: object, pattern: DataPath, path: DataPath = ()) -> Iterator[tuple[DataPath, object]]:
    """Every value whose path fits the pattern; ``*`` stands for any key or index."""
    if not pattern:
        yield path, data
        return
    first, rest = pattern[0], pattern[1:]
    if isinstance(data, dict):
        for name in data if first == "*" else [first] if first in data else ():
            yield from found_at(data[name], rest, (*path, name))
    elif isinstance(data, list) and first == "*":
        for index, item in enumerate(data):
            yield from found_at(item, rest, (*path, index))
