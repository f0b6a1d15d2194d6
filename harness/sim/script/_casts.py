"""Conversions to a named type: ``[int]'5'``, typed parameters, ``-as``, ``-is``.

After about_Type_Conversion on Microsoft Learn (read 2025-11). A type outside the table is refused by name.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from harness.sim.objects import ErrorRecord, Int64, Obj, Secure, UInt32, Version
from harness.sim.script._errors import INVALID_ARGUMENT, failure
from harness.sim.script._nodes import TypeName
from harness.sim.script._values import NOTHING, as_items, to_bool, to_number, to_text, whole

__all__ = ["convert", "exception_value", "is_instance", "known_type"]

_CUSTOM = ("System.Management.Automation.PSCustomObject", "System.Object")
_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")


class _NoConversionError(Exception):
    pass


def known_type(name: TypeName) -> bool:
    return name.name in _RULES or name.name.endswith("exception")


def convert(value: object, kind: TypeName) -> object:
    """``value`` as ``kind``.

    Raises:
        ScriptError: the value has no such form (InvalidCast…), or the lab does not know the type.
    """
    if kind.array:
        single = TypeName(kind.name)
        return None if whole(value) is None else [convert(item, single) for item in as_items(value)]
    if kind.name.endswith("exception"):
        return exception_value(kind, to_text(value))
    rule = _RULES.get(kind.name)
    if rule is None:
        raise failure(f"The simulated lab does not evaluate the type [{kind}].", "TypeNotSupported")
    try:
        return rule(whole(value))
    except (_NoConversionError, ValueError, OverflowError):
        title = _TITLES.get(kind.name, f"System.{kind.name.title()}")
        raise failure(
            f'Cannot convert value "{to_text(value)}" to type "{title}".',
            "ConvertToFinalInvalidCastException",
            INVALID_ARGUMENT,
            reason="PSInvalidCastException",
        ) from None


def exception_value(kind: TypeName, message: str) -> Obj:
    full = _EXCEPTIONS.get(kind.name, kind.name)
    types = (full, "System.Exception") if full != "System.Exception" else (full,)
    return Obj(types, adapted={"Message": message, "InnerException": None, "HResult": -2146233088}, text=message)


def is_instance(value: object, kind: TypeName) -> bool:
    """``-is``."""
    value = whole(value)
    if kind.array or kind.name == "array":
        return isinstance(value, list)
    wanted = _KINDS.get(kind.name)
    if wanted is not None:
        exact = type(value) if kind.name == "int" else None
        return (
            isinstance(value, wanted)
            and not (isinstance(value, bool) and bool not in wanted)
            and (exact in (None, int))
        )
    types = value.exception_types if isinstance(value, ErrorRecord) else getattr(value, "types", ())
    return any(name.lower() in (kind.name, f"system.{kind.name}") for name in types)


def _integer(bits: int, make: Callable[[int], int]) -> Callable[[object], object]:
    def rule(value: object) -> object:
        found = to_number(_only(value))
        if found is None:
            raise _NoConversionError
        whole_number = round(found)  # banker's rounding, as .NET's Convert.ToInt32
        if not -(1 << (bits - 1)) <= whole_number < 1 << (bits - 1):
            raise _NoConversionError
        return make(whole_number)

    return rule


def _unsigned(value: object) -> object:
    found = to_number(_only(value))
    if found is None or not 0 <= round(found) < 1 << 32:
        raise _NoConversionError
    return UInt32(round(found))


def _only(value: object) -> object:
    if isinstance(value, list):
        if len(value) != 1:
            raise _NoConversionError
        return value[0]
    return value


def _double(value: object) -> object:
    found = to_number(_only(value))
    if found is None:
        raise _NoConversionError
    return float(found)


def _boolean(value: object) -> object:
    return to_bool(value)


def _guid(value: object) -> object:
    return value if isinstance(value, UUID) else UUID(to_text(_only(value)).strip("{}() "))


def _version(value: object) -> object:
    if isinstance(value, int | float):
        raise _NoConversionError
    text = to_text(_only(value))
    if not re.fullmatch(r"\d+(\.\d+){1,3}", text):
        raise _NoConversionError
    return Version(text)


def _datetime(value: object) -> object:
    if isinstance(value, datetime):
        return value
    text = to_text(_only(value)).strip()
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _timespan(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int):
        return timedelta(microseconds=value // 10)
    found = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?", to_text(_only(value)))
    if found is None:
        raise _NoConversionError
    days, hours, minutes, seconds = (int(piece or 0) for piece in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _hashtable(value: object) -> object:
    if value is None or isinstance(value, dict):
        return value
    raise _NoConversionError


def _custom(value: object) -> object:
    if isinstance(value, dict):
        return Obj(_CUSTOM, notes={to_text(name): whole(one) for name, one in value.items()})
    return value


def _credential(value: object) -> object:
    if value is None or (isinstance(value, Obj) and "System.Management.Automation.PSCredential" in value.types):
        return value
    raise _NoConversionError  # PowerShell would ask the user for the password


def _secure(value: object) -> object:
    if value is None or isinstance(value, Secure):
        return value
    raise _NoConversionError


def _character(value: object) -> object:
    if isinstance(value, int) and 0 <= value < 0x10000:
        return chr(value)
    text = to_text(value)
    if len(text) != 1:
        raise _NoConversionError
    return text


_RULES: dict[str, Callable[[object], object]] = {
    "array": lambda value: as_items(value) if value is not None else None,
    "bool": _boolean,
    "char": _character,
    "datetime": _datetime,
    "double": _double,
    "guid": _guid,
    "hashtable": _hashtable,
    "int": _integer(32, int),
    "long": _integer(64, Int64),
    "object": lambda value: value,
    "pscredential": _credential,
    "pscustomobject": _custom,
    "securestring": _secure,
    "string": to_text,
    "switch": _boolean,
    "timespan": _timespan,
    "uint32": _unsigned,
    "version": _version,
    "void": lambda _: NOTHING,
}
_TITLES = {
    "bool": "System.Boolean",
    "datetime": "System.DateTime",
    "hashtable": "System.Collections.Hashtable",
    "int": "System.Int32",
    "long": "System.Int64",
    "pscredential": "System.Management.Automation.PSCredential",
    "securestring": "System.Security.SecureString",
    "timespan": "System.TimeSpan",
    "uint32": "System.UInt32",
}
_KINDS: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "datetime": (datetime,),
    "double": (float,),
    "guid": (UUID,),
    "hashtable": (dict,),
    "int": (int,),
    "long": (Int64,),
    "string": (str,),
    "timespan": (timedelta,),
    "uint32": (UInt32,),
    "version": (Version,),
}
_EXCEPTIONS = {
    "exception": "System.Exception",
    "argumentexception": "System.ArgumentException",
    "invalidoperationexception": "System.InvalidOperationException",
    "notsupportedexception": "System.NotSupportedException",
    "timeoutexception": "System.TimeoutException",
    "unauthorizedaccessexception": "System.UnauthorizedAccessException",
}
