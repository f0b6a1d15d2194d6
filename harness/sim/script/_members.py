"""Properties of values: what ``.`` finds, and what an assignment to it changes.

A property that an object does not have is null, as PowerShell answers outside strict mode.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from harness.sim.objects import Enum, ErrorRecord, Obj, Version
from harness.sim.script._errors import ScriptError, failure
from harness.sim.script._operators import type_title
from harness.sim.script._values import as_items, is_number, key_of, table_get, to_number, to_text, whole

__all__ = ["element", "exception_of", "property_of", "set_element", "set_property"]

_CATEGORIES = {
    0: "NotSpecified",
    5: "InvalidArgument",
    6: "InvalidData",
    7: "InvalidOperation",
    8: "InvalidResult",
    9: "InvalidType",
    11: "NotImplemented",
    13: "ObjectNotFound",
    14: "OperationStopped",
    15: "OperationTimeout",
    16: "SyntaxError",
    17: "ParserError",
    18: "PermissionDenied",
    21: "ResourceUnavailable",
    27: "ConnectionError",
}


def exception_of(record: ErrorRecord) -> Obj:
    """``$_.Exception``."""
    hresult = -2146233087 if record.hresult is None else record.hresult
    members: dict[str, object] = {"Message": record.message, "InnerException": None, "HResult": hresult}
    return Obj(record.exception_types, adapted={**members, **record.extra}, text=record.message)


def _category_of(record: ErrorRecord) -> Obj:
    name = _CATEGORIES.get(record.category, "NotSpecified")
    return Obj(
        ("System.Management.Automation.ErrorCategoryInfo", "System.Object"),
        adapted={
            "Category": Enum("System.Management.Automation.ErrorCategory", name, record.category),
            "Activity": record.category_activity,
            "Reason": record.category_reason,
            "TargetName": to_text(record.target),
        },
        text=f"{name}: ({to_text(record.target)}:{type_title(record.target).rpartition('.')[2]}) "
        f"[{record.category_activity}], {record.category_reason}",
    )


_RECORD: dict[str, Callable[[ErrorRecord], object]] = {
    "exception": exception_of,
    "fullyqualifiederrorid": lambda record: record.fq_id,
    "categoryinfo": _category_of,
    "targetobject": lambda record: record.target,
    "errordetails": lambda _: None,
}
_DATE: dict[str, Callable[[datetime], object]] = {
    **{name: attrgetter(name) for name in ("year", "month", "day", "hour", "minute", "second")},
    "millisecond": lambda value: value.microsecond // 1000,
    "dayofyear": lambda value: value.timetuple().tm_yday,
    "dayofweek": lambda value: Enum("System.DayOfWeek", value.strftime("%A"), (value.weekday() + 1) % 7),
    "date": lambda value: value.replace(hour=0, minute=0, second=0, microsecond=0),
}
_DURATION: dict[str, Callable[[timedelta], object]] = {
    "totaldays": lambda value: value.total_seconds() / 86400,
    "totalhours": lambda value: value.total_seconds() / 3600,
    "totalminutes": lambda value: value.total_seconds() / 60,
    "totalseconds": lambda value: value.total_seconds(),
    "totalmilliseconds": lambda value: value.total_seconds() * 1000,
    "days": lambda value: int(value.total_seconds() / 86400),
    "hours": lambda value: int(value.total_seconds() / 3600) % 24,
    "minutes": lambda value: int(value.total_seconds() / 60) % 60,
    "seconds": lambda value: int(value.total_seconds()) % 60,
}
_TABLES: tuple[tuple[type, dict[str, Callable[..., object]]], ...] = (
    (ErrorRecord, _RECORD),
    (datetime, _DATE),
    (timedelta, _DURATION),
    (UUID, {"guid": str}),
    (Enum, {"value__": lambda value: value.value}),
)


def property_of(target: object, name: str) -> object:
    """The property of that name, in any case; null where there is none."""
    target, wanted = whole(target), name.casefold()
    if wanted == "psobject":
        raise failure("The simulated lab does not evaluate the member PSObject.", "MemberNotSupported")
    if isinstance(target, dict):
        return _of_table(target, name)
    if isinstance(target, list):
        return _of_list(target, name)
    if isinstance(target, Obj):
        return _of_object(target, name)
    if isinstance(target, str):
        return _of_text(target, wanted)
    for kind, table in _TABLES:
        if isinstance(target, kind) and wanted in table:
            return table[wanted](target)
    return _counted(target, wanted)


def _counted(target: object, wanted: str) -> object:
    """Every single object counts as one, and null as none."""
    return (0 if target is None else 1) if wanted in ("count", "length") else None


def _of_table(target: dict[object, object], name: str) -> object:
    found = key_of(target, name)
    if found in target:
        return target[found]
    views: dict[str, Callable[[], object]] = {
        "count": lambda: len(target),
        "keys": lambda: list(target),
        "values": lambda: list(target.values()),
    }
    view = views.get(name.casefold())
    return view() if view else None


def _of_list(target: list[object], name: str) -> object:
    if name.casefold() in ("count", "length"):
        return len(target)
    found = [item for one in target for item in as_items(property_of(one, name)) if item is not None]
    return found[0] if len(found) == 1 else found or None


def _of_object(target: Obj, name: str) -> object:
    found = target.get(name)
    has = any(key.casefold() == name.casefold() for table in (target.notes, target.adapted) for key in table)
    return found if has else _counted(target, name.casefold())


def _of_text(target: str, wanted: str) -> object:
    if wanted == "length":
        return len(target)
    places = ("major", "minor", "build", "revision")
    if isinstance(target, Version) and wanted in places:
        numbers = [int(piece) for piece in target.split(".")]
        return ([*numbers, -1, -1])[places.index(wanted)]
    return _counted(target, wanted)


def set_property(target: object, name: str, value: object) -> None:
    """``$target.name = value``. Raises PropertyNotFound, as for a property that cannot be written."""
    if isinstance(target, dict):
        target[key_of(target, name)] = whole(value)
        return
    if isinstance(target, Obj):
        for table in (target.notes, target.adapted):
            for key in table:
                if key.casefold() == name.casefold():
                    table[key] = whole(value)
                    return
    raise failure(
        f"The property '{name}' cannot be found on this object. Verify that the property exists and can be set.",
        "PropertyNotFound",
    )


def element(target: object, index: object) -> object:
    """``$target[index]``; an index outside an array is null, several indexes give an array."""
    target, index = whole(target), whole(index)
    if target is None:
        raise failure("Cannot index into a null array.", "NullArray")
    if isinstance(target, dict):
        return [table_get(target, one) for one in index] if isinstance(index, list) else table_get(target, index)
    if isinstance(index, list):
        return [item for one in index if (item := element(target, one)) is not None]
    if not isinstance(target, list | str | bytes):
        raise failure(f"Unable to index into an object of type {type_title(target)}.", "CannotIndex")
    place = _place(index)
    return target[place] if -len(target) <= place < len(target) else None


def _place(index: object) -> int:
    found = to_number(index)
    if found is None or not is_number(found):
        raise _bad_index(index)
    return round(found)


def _bad_index(index: object) -> ScriptError:
    return failure(f'Cannot convert value "{to_text(index)}" to type "System.Int32".', "InvalidCastFromStringToInteger")


def set_element(target: object, index: object, value: object) -> None:
    """``$target[index] = value``."""
    target = whole(target)
    if isinstance(target, dict):
        try:
            target[key_of(target, index)] = whole(value)
        except TypeError:
            raise failure("The simulated lab takes no array or table as a key.", "KeyNotSupported") from None
        return
    if not isinstance(target, list):
        raise failure(f"Unable to index into an object of type {type_title(target)}.", "CannotIndex")
    place = _place(index)
    if not -len(target) <= place < len(target):
        raise failure("Index was outside the bounds of the array.", "System.IndexOutOfRangeException")
    target[place] = whole(value)
