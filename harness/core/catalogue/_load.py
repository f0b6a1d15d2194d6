"""Reads the catalogue's TOML files out of the package, each once."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import cast

__all__ = ["Row", "table"]

Row = Mapping[str, object]


@cache
def _document(name: str) -> Mapping[str, object]:
    text = files("harness.core.catalogue").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def table(document: str, name: str) -> Sequence[Row]:
    """The rows of one array of tables, in the file's order.

    Raises:
        KeyError: the file has no such table, which is a defect of the package.
    """
    return cast("Sequence[Row]", _document(document)[name])
