"""Masks whole records: every text in nested dataclasses, mappings and sequences. What holds none stays as it is."""

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TypeVar, cast

__all__ = ["masked"]

T = TypeVar("T")


def masked(value: T, redact: Callable[[str], str]) -> T:
    """The record with every text in it masked by ``redact``; each different text is masked once.

    Enums, numbers and times pass through. A part without a change is not copied.

    Example:
        >>> masked({"message": "user:s3cret"}, lambda text: text.replace("s3cret", "********"))
        {'message': 'user:********'}
    """
    known: dict[str, str] = {}

    def text(one: str) -> str:
        if one not in known:
            known[one] = redact(one)
        made = known[one]
        return one if made == one else made

    return cast("T", _walk(value, text))


def _walk(value: object, text: Callable[[str], str]) -> object:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return _mapping(value, text)
    if isinstance(value, tuple | list):
        return _sequence(value, text)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _record(value, text)
    return value


def _mapping(value: Mapping[object, object], text: Callable[[str], str]) -> object:
    made = {_walk(key, text): _walk(item, text) for key, item in value.items()}
    same = all(a is c and b is d for (a, b), (c, d) in zip(value.items(), made.items(), strict=False))
    return value if same and len(made) == len(value) else made


def _sequence(value: tuple[object, ...] | list[object], text: Callable[[str], str]) -> object:
    made = [_walk(item, text) for item in value]
    if all(a is b for a, b in zip(value, made, strict=True)):
        return value
    return tuple(made) if isinstance(value, tuple) else made


def _record(value: object, text: Callable[[str], str]) -> object:
    changed: dict[str, object] = {}
    for field in dataclasses.fields(value):  # type: ignore[arg-type] # the caller has checked that it is one
        old = getattr(value, field.name)
        new = _walk(old, text)
        if new is not old:
            changed[field.name] = new
    return dataclasses.replace(value, **changed) if changed else value  # type: ignore[type-var]
