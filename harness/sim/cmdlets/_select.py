"""Select-Object, Where-Object (comparison form), Sort-Object, Measure-Object, ForEach-Object -MemberName."""

import fnmatch
from collections.abc import Callable, Iterable, Sequence

from harness.sim.cmdlets._convert import ScriptBlock, as_list, to_text
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import Category, record
from harness.sim.cmdlets._scope import Call, cmdlet
from harness.sim.cmdlets._values import base_type, equal, less, like, matches, order_key, prop, property_names
from harness.sim.machine import TerminatingError
from harness.sim.objects import Enum, Obj

__all__ = ["COMMANDS"]

_UTILITY = "Microsoft.PowerShell.Utility"
_CLASS = "Microsoft.PowerShell.Commands."
_CUSTOM = ("System.Management.Automation.PSCustomObject", "System.Object")


def _input(call: Call) -> list[object]:
    """What the pipeline brings, or -InputObject; a list in the pipeline was unrolled before it came here."""
    return [call.get("InputObject")] if call.has("InputObject") else list(call.input or [])


Source = str | ScriptBlock


def _wanted(name: object) -> tuple[str, Source]:
    """A -Property item: a name, a script block, or a hashtable with Name (Label) and Expression."""
    if isinstance(name, str):
        return name, name
    if isinstance(name, ScriptBlock):
        return name.text.strip(), name
    if isinstance(name, dict):
        table = {to_text(key).casefold()[:1]: value for key, value in name.items()}
        source = table.get("e")
        kept = source if isinstance(source, ScriptBlock) else to_text(source)
        return to_text(table.get("n") or table.get("l") or source), kept
    return to_text(name), to_text(name)


async def _expand(value: object, wanted: Sequence[tuple[str, Source]], excluded: Sequence[str]) -> dict[str, object]:
    chosen: dict[str, object] = {}
    for shown, source in wanted:
        if not isinstance(source, str):
            found = await source.invoke(underscore=value)
            chosen[shown] = found[0] if len(found) == 1 else found or None
            continue
        if "*" not in source and "?" not in source:
            chosen[shown] = prop(value, source)
            continue
        for name in property_names(value):
            if fnmatch.fnmatchcase(name.casefold(), source.casefold()):
                chosen[name] = prop(value, name)
    if excluded:
        chosen = {n: v for n, v in chosen.items() if not any(fnmatch.fnmatchcase(n.casefold(), e) for e in excluded)}
    return chosen


async def _shape(
    call: Call, value: object, wanted: Sequence[tuple[str, Source]], excluded: Sequence[str]
) -> Iterable[object]:
    if call.has("ExpandProperty"):
        return _expanded(call, value)
    if not wanted:
        return [value]
    notes = await _expand(value, wanted, excluded)
    text = "@{" + "; ".join(f"{name}={to_text(item)}" for name, item in notes.items()) + "}"
    return [Obj((f"Selected.{base_type(value)}", *_CUSTOM), {}, notes, text)]


def _expanded(call: Call, value: object) -> Iterable[object]:
    name = call.text("ExpandProperty")
    if isinstance(value, Obj) and name.casefold() not in (known.casefold() for known in property_names(value)):
        call.error(
            record(
                f'Property "{name}" cannot be found.',
                f"ExpandPropertyNotFound,{_CLASS}SelectObjectCommand",
                Category.INVALID_ARGUMENT,
                reason="PSArgumentException",
                target=value,
                activity="Select-Object",
            )
        )
        return []
    inner = prop(value, name)
    return [] if inner is None else as_list(inner)


@cmdlet(
    "Select-Object",
    P("Property", "object[]", 0),
    P("InputObject", "object"),
    P("ExcludeProperty", "string[]"),
    P("ExpandProperty"),
    P("First", "int"),
    P("Last", "int"),
    P("Skip", "int"),
    P("Unique", "switch"),
    P("Wait", "switch"),
    module=_UTILITY,
    class_name=_CLASS + "SelectObjectCommand",
)
async def select_object(call: Call) -> Iterable[object]:
    values = _input(call)[call.number("Skip") :]
    if call.has("First"):
        values = values[: call.number("First")]
    elif call.has("Last"):
        values = values[-call.number("Last") :] if call.number("Last") else []
    names = call.get("Property")
    wanted = [_wanted(name) for name in names] if isinstance(names, list) else []
    excluded = [name.casefold() for name in call.texts("ExcludeProperty")]
    if excluded and not wanted:
        wanted.append(("*", "*"))
    output = [item for value in values for item in await _shape(call, value, wanted, excluded)]
    return _unique(output) if call.switch("Unique") else output


def _unique(values: Iterable[object]) -> list[object]:
    seen: set[str] = set()
    kept = []
    for value in values:
        key = repr(value)
        if key not in seen:
            seen.add(key)
            kept.append(value)
    return kept


_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "EQ": equal,
    "NE": lambda left, right: not equal(left, right),
    "GT": lambda left, right: less(right, left),
    "GE": lambda left, right: not less(left, right),
    "LT": less,
    "LE": lambda left, right: not less(right, left),
    "Like": like,
    "NotLike": lambda left, right: not like(left, right),
    "Match": matches,
    "NotMatch": lambda left, right: not matches(left, right),
}
_MEMBERSHIP: dict[str, Callable[[object, object], bool]] = {
    "Contains": lambda left, right: any(equal(item, right) for item in as_list(left)),
    "NotContains": lambda left, right: not any(equal(item, right) for item in as_list(left)),
    "In": lambda left, right: any(equal(left, item) for item in as_list(right)),
    "NotIn": lambda left, right: not any(equal(left, item) for item in as_list(right)),
}
_OPERATORS = {**_COMPARISONS, **_MEMBERSHIP}


def _true(value: object) -> bool:
    if isinstance(value, Enum):
        return value.value != 0
    if isinstance(value, list) and len(value) == 1:
        return _true(value[0])
    return bool(value)


def _holds(operator: str | None, left: object, right: object) -> bool:
    if operator is None:
        return _true(left)
    if operator in _COMPARISONS and isinstance(left, list):
        return any(_COMPARISONS[operator](item, right) for item in left)
    return _OPERATORS[operator](left, right)


@cmdlet(
    "Where-Object",
    P("Property", "string", 0),
    P("Value", "object", 1),
    P("InputObject", "object"),
    P("FilterScript", "scriptblock", 0),
    *(P(name, "switch", aliases=(f"I{name}", f"C{name}")) for name in _OPERATORS),
    class_name=_CLASS + "WhereObjectCommand",
    exclusive=(tuple(_OPERATORS), ("Property", "FilterScript")),
)
async def where_object(call: Call) -> Iterable[object]:
    block = call.get("FilterScript")
    if isinstance(block, ScriptBlock):
        return [value for value in _input(call) if _true(await block.invoke(underscore=value))]
    operator = next((name for name in _OPERATORS if call.switch(name)), None)
    name, wanted = call.text("Property"), call.get("Value")
    return [value for value in _input(call) if _holds(operator, prop(value, name), wanted)]


@cmdlet(
    "Sort-Object",
    P("Property", "object[]", 0),
    P("InputObject", "object"),
    P("Descending", "switch"),
    P("Unique", "switch"),
    P("CaseSensitive", "switch"),
    module=_UTILITY,
    class_name=_CLASS + "SortObjectCommand",
)
def sort_object(call: Call) -> Iterable[object]:
    names = call.texts("Property")

    def key(value: object) -> list[tuple[int, float, str]]:
        return [order_key(prop(value, name)) for name in names] or [order_key(value)]

    ordered = sorted(_input(call), key=key, reverse=call.switch("Descending"))
    if not call.switch("Unique"):
        return ordered
    return [value for place, value in enumerate(ordered) if place == 0 or key(value) != key(ordered[place - 1])]


@cmdlet(
    "Measure-Object",
    P("Property", "string[]", 0),
    P("InputObject", "object"),
    *(P(name, "switch") for name in ("Sum", "Average", "Maximum", "Minimum")),
    module=_UTILITY,
    class_name=_CLASS + "MeasureObjectCommand",
)
def measure_object(call: Call) -> Iterable[object]:
    values = _input(call)
    names = call.texts("Property") or [""]
    return [_measured(call, values, name) for name in names]


def _measured(call: Call, values: Sequence[object], name: str) -> Obj:
    picked = [prop(value, name) for value in values] if name else list(values)
    numbers = [float(item) for item in picked if isinstance(item, int | float)]
    shown: dict[str, object] = {
        "Count": len([item for item in picked if item is not None]),
        "Average": sum(numbers) / len(numbers) if numbers and call.switch("Average") else None,
        "Sum": sum(numbers) if call.switch("Sum") and numbers else None,
        "Maximum": max(numbers) if call.switch("Maximum") and numbers else None,
        "Minimum": min(numbers) if call.switch("Minimum") and numbers else None,
        "Property": name or None,
    }
    types = (_CLASS + "GenericMeasureInfo", _CLASS + "MeasureInfo", "System.Object")
    return Obj(types, shown, text=types[0])


@cmdlet(
    "ForEach-Object",
    P("MemberName", "string", 0),
    P("ArgumentList", "object[]"),
    P("InputObject", "object"),
    P("Process", "scriptblock", 0),
    P("Begin", "scriptblock"),
    P("End", "scriptblock"),
    class_name=_CLASS + "ForEachObjectCommand",
    exclusive=(("MemberName", "Process"),),
)
async def for_each_object(call: Call) -> Iterable[object]:
    if call.has("Process"):
        return await _run_blocks(call)
    name = call.text("MemberName")
    if call.has("ArgumentList"):
        raise TerminatingError(
            record(
                f"Cannot invoke method '{name}': the simulated lab reads properties only.",
                f"NoMethodInvocation,{_CLASS}ForEachObjectCommand",
                Category.INVALID_OPERATION,
                reason="InvalidOperationException",
            )
        )
    output: list[object] = []
    for value in _input(call):
        found = to_text(value) if name.casefold() == "tostring" else prop(value, name)
        output += [] if found is None else as_list(found)
    return output


async def _run_blocks(call: Call) -> list[object]:
    begin, process, end = call.get("Begin"), call.get("Process"), call.get("End")
    output = await begin.invoke() if isinstance(begin, ScriptBlock) else []
    assert isinstance(process, ScriptBlock)
    for value in _input(call):
        output += await process.invoke(underscore=value)
    return output + (await end.invoke() if isinstance(end, ScriptBlock) else [])


COMMANDS = (select_object, where_object, sort_object, measure_object, for_each_object)
