"""Methods of values and static members: the few that administrators' scripts use.

A method outside the tables is refused by its type and name, since the lab cannot know what it would do.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from harness.sim.objects import Int64
from harness.sim.script._casts import convert, exception_value, known_type
from harness.sim.script._dotnet_format import composite, formatted
from harness.sim.script._errors import INVALID_ARGUMENT, ScriptError, failure
from harness.sim.script._nodes import TypeName
from harness.sim.script._operators import bounded, numeric, type_title
from harness.sim.script._values import as_items, key_of, to_text, whole

__all__ = ["call_method", "call_static", "static_property"]

Method = Callable[..., object]


def _characters(arguments: Sequence[object]) -> str | None:
    listed = [to_text(item) for one in arguments for item in as_items(one)]
    return "".join(listed) or None


def _split(text: str, *arguments: object) -> object:
    if len(arguments) > 1:
        raise failure("The simulated lab evaluates Split with its separators only.", "MethodNotSupported")
    if not arguments:
        return re.split(r"\s", text)
    listed = [to_text(item) for item in as_items(arguments[0])]
    return re.split(f"[{''.join(map(re.escape, ''.join(listed)))}]", text)  # .NET Framework: each character separates


def _substring(text: str, start: object, length: object = None) -> str:
    first = int(numeric(start))
    count = len(text) - first if length is None else int(numeric(length))
    if first < 0 or count < 0 or first + count > len(text):
        raise _argument(
            "Substring", "Index and length must refer to a location within the string.", "ArgumentOutOfRangeException"
        )
    return text[first : first + count]


def _argument(method: str, message: str, fq_id: str) -> ScriptError:
    return failure(f'Exception calling "{method}": "{message}"', fq_id, reason="MethodInvocationException")


def _replace(text: str, old: object, new: object) -> object:
    if not to_text(old):
        raise _argument("Replace", "String cannot be of zero length.", "ArgumentException")
    return bounded(text.replace(to_text(old), to_text(new)))


def _pad(text: str, width: object, fill: object, *, left: bool) -> str:
    count = min(int(numeric(width)), 4096)
    return text.rjust(count, to_text(fill)) if left else text.ljust(count, to_text(fill))


def _add(table: dict[object, object], key: object, value: object) -> None:
    if key_of(table, key) in table:
        raise _argument("Add", f"Item has already been added. Key in dictionary: '{to_text(key)}'", "ArgumentException")
    table[key] = value


_TEXT: dict[str, Method] = {
    "contains": lambda text, part: to_text(part) in text,
    "endswith": lambda text, part: text.endswith(to_text(part)),
    "indexof": lambda text, part: text.find(to_text(part)),
    "lastindexof": lambda text, part: text.rfind(to_text(part)),
    "padleft": lambda text, width, fill=" ": _pad(text, width, fill, left=True),
    "padright": lambda text, width, fill=" ": _pad(text, width, fill, left=False),
    "replace": _replace,
    "split": _split,
    "startswith": lambda text, part: text.startswith(to_text(part)),
    "substring": _substring,
    "tochararray": list,
    "tolower": lambda text: text.lower(),
    "tolowerinvariant": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "toupperinvariant": lambda text: text.upper(),
    "trim": lambda text, *what: text.strip(_characters(what)),
    "trimend": lambda text, *what: text.rstrip(_characters(what)),
    "trimstart": lambda text, *what: text.lstrip(_characters(what)),
}
_LIST: dict[str, Method] = {
    "contains": lambda items, wanted: any(type(one) is type(wanted) and one == wanted for one in items),
    "indexof": lambda items, wanted: items.index(wanted) if wanted in items else -1,
}
_TABLE: dict[str, Method] = {
    "add": _add,
    "clear": lambda table: table.clear(),
    "contains": lambda table, key: key_of(table, key) in table,
    "containskey": lambda table, key: key_of(table, key) in table,
    "containsvalue": lambda table, value: value in table.values(),
    "remove": lambda table, key: table.pop(key_of(table, key), None) and None,
}
_DATE: dict[str, Method] = {
    **{
        f"add{unit}": (lambda value, count, unit=unit: value + timedelta(**{unit: float(numeric(count))}))
        for unit in ("days", "hours", "minutes", "seconds", "milliseconds")
    },
    "touniversaltime": lambda value: value,
}
_METHODS: tuple[tuple[type, dict[str, Method]], ...] = ((str, _TEXT), (list, _LIST), (dict, _TABLE), (datetime, _DATE))
_VOID = frozenset({(dict, "add"), (dict, "clear"), (dict, "remove")})


def call_method(target: object, name: str, arguments: Sequence[object]) -> object:
    """``$target.name(arguments)``. Void methods answer null, which a statement does not put out."""
    target, wanted = whole(target), name.casefold()
    if target is None:
        raise failure("You cannot call a method on a null-valued expression.", "InvokeMethodOnNull")
    if wanted == "tostring" and len(arguments) <= 1:
        return formatted(target, to_text(arguments[0]) if arguments else "")
    if wanted == "equals" and len(arguments) == 1 and not isinstance(target, list | dict):
        return type(target) is type(arguments[0]) and target == arguments[0]
    for kind, table in _METHODS:
        if isinstance(target, kind) and wanted in table:
            return _called(table[wanted], name, (target, *arguments))
    if isinstance(target, list):  # a method of the elements, one after the other
        return [call_method(one, name, arguments) for one in target]
    raise failure(
        f"The simulated lab does not evaluate the method {name} of [{type_title(target)}].", "MethodNotSupported"
    )


def is_void(target: object, name: str) -> bool:
    return any(isinstance(target, kind) and name.casefold() == method for kind, method in _VOID)


def _called(method: Method, name: str, arguments: Sequence[object]) -> object:
    try:
        return method(*arguments)
    except (TypeError, OverflowError):
        raise failure(
            f'Cannot find an overload for "{name}" and the argument count: "{len(arguments) - 1}".',
            "MethodCountCouldNotFindBest",
            INVALID_ARGUMENT,
        ) from None


_STATIC: dict[tuple[str, str], Method] = {
    ("string", "isnullorempty"): lambda text: to_text(text) == "",
    ("string", "isnullorwhitespace"): lambda text: to_text(text).strip() == "",
    ("string", "join"): lambda mark, *items: to_text(
        as_items(items[0]) if len(items) == 1 else list(items), to_text(mark)
    ),
    ("string", "format"): lambda form, *items: composite(
        to_text(form), as_items(items[0]) if len(items) == 1 else list(items)
    ),
    ("guid", "parse"): lambda text: convert(text, TypeName("guid")),
    ("guid", "empty"): lambda: UUID(int=0),
    ("int", "parse"): lambda text: convert(text, TypeName("int")),
    ("version", "parse"): lambda text: convert(text, TypeName("version")),
    ("datetime", "parse"): lambda text: convert(text, TypeName("datetime")),
    ("timespan", "fromdays"): lambda count: timedelta(days=float(numeric(count))),
    ("timespan", "fromhours"): lambda count: timedelta(hours=float(numeric(count))),
    ("timespan", "fromminutes"): lambda count: timedelta(minutes=float(numeric(count))),
    ("timespan", "fromseconds"): lambda count: timedelta(seconds=float(numeric(count))),
    ("math", "abs"): lambda value: abs(numeric(value)),
    ("math", "ceiling"): lambda value: float(-(-numeric(value) // 1)),
    ("math", "floor"): lambda value: float(numeric(value) // 1),
    ("math", "max"): lambda one, two: max(numeric(one), numeric(two)),
    ("math", "min"): lambda one, two: min(numeric(one), numeric(two)),
    ("math", "round"): lambda value, digits=0: float(round(numeric(value), int(numeric(digits)))),
    ("regex", "escape"): lambda text: re.escape(to_text(text)),
}
_STATIC_PROPERTIES: dict[tuple[str, str], object] = {
    ("guid", "empty"): UUID(int=0),
    ("string", "empty"): "",
    ("int", "maxvalue"): (1 << 31) - 1,
    ("int", "minvalue"): -(1 << 31),
    ("long", "maxvalue"): Int64((1 << 63) - 1),
    ("long", "minvalue"): Int64(-(1 << 63)),
}


def call_static(kind: TypeName, name: str, arguments: Sequence[object]) -> object:
    """``[type]::Name(arguments)``, and ``::new`` of exceptions and plain types."""
    wanted = name.casefold()
    if wanted == "new" and kind.name.endswith("exception") and len(arguments) <= 1:
        return exception_value(kind, to_text(arguments[0]) if arguments else "")
    if wanted == "new" and len(arguments) == 1 and known_type(kind) and kind.name in ("guid", "version"):
        return convert(arguments[0], kind)
    method = _STATIC.get((kind.name, wanted))
    if method is None:
        raise failure(f"The simulated lab does not evaluate [{kind}]::{name}().", "MethodNotSupported")
    return _called(method, name, arguments)


def static_property(kind: TypeName, name: str) -> object:
    """``[type]::Name``."""
    if (kind.name, name.casefold()) not in _STATIC_PROPERTIES:
        raise failure(f"The simulated lab does not evaluate [{kind}]::{name}.", "MemberNotSupported")
    return _STATIC_PROPERTIES[kind.name, name.casefold()]
