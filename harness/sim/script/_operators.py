"""Arithmetic and bit operators on two values, and the bounds that keep a script from eating the lab's memory.

After about_Arithmetic_Operators on Microsoft Learn (read 2025-11): the left operand decides.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

from harness.sim.objects import Int64
from harness.sim.script._dotnet_format import composite
from harness.sim.script._errors import INVALID_ARGUMENT, ScriptError, failure
from harness.sim.script._literals import fit
from harness.sim.script._values import MAX_ITEMS, MAX_TEXT, as_items, is_number, key_of, to_number, to_text, whole

__all__ = ["ARITHMETIC", "bounded", "numeric", "type_title"]


def type_title(value: object) -> str:
    """A value's .NET type as PowerShell's messages name it."""
    names = (
        (bool, "System.Boolean"),
        (str, "System.String"),
        (int, "System.Int32"),
        (float, "System.Double"),
        (list, "System.Object[]"),
        (dict, "System.Collections.Hashtable"),
        (datetime, "System.DateTime"),
        (timedelta, "System.TimeSpan"),
    )
    found = next((name for kind, name in names if isinstance(value, kind)), None)
    if found:
        return found
    types = getattr(value, "types", None)
    return types[0] if types else f"System.{type(value).__name__}"


def numeric(value: object) -> int | float:
    """The value as a number. Raises the InvalidCastFromStringToInteger family."""
    found = to_number(value)
    if found is None:
        raise failure(
            f'Cannot convert value "{to_text(value)}" to type "System.Int32". Error: '
            '"Input string was not in a correct format."',
            "InvalidCastFromStringToInteger",
            INVALID_ARGUMENT,
        )
    return found


def bounded(value: object) -> object:
    """The value, unless it is larger than the lab lets a script build."""
    if (isinstance(value, str) and len(value) > MAX_TEXT) or (isinstance(value, list) and len(value) > MAX_ITEMS):
        raise too_large()
    return value


def too_large() -> ScriptError:
    error = failure("The simulated lab bounds the size of a script's values.", "ScriptValueTooLarge")
    error.ends_script = True
    return error


def no_operation(sign: str, left: object) -> ScriptError:
    name = {"+": "op_Addition", "-": "op_Subtraction", "*": "op_Multiply", "/": "op_Division", "%": "op_Modulus"}[sign]
    return failure(
        f"Method invocation failed because [{type_title(left)}] does not contain a method named '{name}'.",
        "MethodNotFound",
    )


def _result(left: object, right: object, value: float) -> object:
    if not isinstance(value, int):
        return value
    wide = isinstance(left, Int64) or isinstance(right, Int64)
    return Int64(value) if wide and -(1 << 63) <= value < 1 << 63 else fit(value)


def _calculate(sign: str, left: object, right: object, rule: Callable[..., int | float]) -> object:
    if not (left is None or isinstance(left, bool | int | float | str)) or isinstance(right, list | dict):
        raise no_operation(sign, left)
    first, second = numeric(left), numeric(right)
    try:
        return _result(first, second, rule(first, second))
    except ZeroDivisionError:
        raise failure("Attempted to divide by zero.", "RuntimeException", 0) from None
    except OverflowError:
        return math.inf


def add(left: object, right: object) -> object:
    left = whole(left)
    if isinstance(left, str):
        return bounded(left + to_text(right))
    if isinstance(left, list):
        return bounded([*left, *as_items(right)])
    if isinstance(left, dict):
        return _merge(left, right)
    if left is None and not is_number(right):
        return whole(right)
    if isinstance(left, datetime | timedelta) and isinstance(right, timedelta):
        return left + right
    return _calculate("+", left, whole(right), lambda a, b: a + b)


def _merge(left: dict[object, object], right: object) -> object:
    if not isinstance(right, dict):
        raise failure("A hash table can only be added to another hash table.", "AddHashTableToNonHashTable")
    clash = next((key for key in right if key_of(left, key) in left), None)
    if clash is not None:
        raise failure(f"Item has already been added. Key in dictionary: '{to_text(clash)}'", "DuplicateKey")
    return {**left, **right}


def subtract(left: object, right: object) -> object:
    if isinstance(left, datetime) and isinstance(right, datetime | timedelta):
        return left - right
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return left - right
    return _calculate("-", whole(left), whole(right), lambda a, b: a - b)


def multiply(left: object, right: object) -> object:
    if isinstance(left, str | list):
        count = int(numeric(right))
        if count < 0 or len(left) * count > MAX_ITEMS:
            raise too_large()
        return left * count
    return _calculate("*", whole(left), whole(right), lambda a, b: a * b)


def _quotient(left: float, right: float) -> int | float:
    exact = isinstance(left, int) and isinstance(right, int)
    return int(left) // int(right) if exact and left % right == 0 else left / right


def divide(left: object, right: object) -> object:
    return _calculate("/", whole(left), whole(right), _quotient)


def _remainder(left: float, right: float) -> int | float:
    if isinstance(left, int) and isinstance(right, int):
        return abs(left) % abs(right) * (-1 if left < 0 else 1)  # the sign is the dividend's
    return math.fmod(left, right) if right else math.nan


def modulo(left: object, right: object) -> object:
    return _calculate("%", whole(left), whole(right), _remainder)


def span(left: object, right: object) -> object:
    """The range operator."""
    first, last = int(numeric(left)), int(numeric(right))
    if abs(last - first) >= MAX_ITEMS:
        raise too_large()
    return list(range(first, last + 1)) if first <= last else list(range(first, last - 1, -1))


def _bits(rule: Callable[[int, int], int]) -> Callable[[object, object], object]:
    return lambda left, right: _result(left, right, rule(int(numeric(left)), int(numeric(right))))


def fill(left: object, right: object) -> object:
    """The format operator."""
    return bounded(composite(to_text(left), as_items(right) if isinstance(right, list) else [whole(right)]))


ARITHMETIC: dict[str, Callable[[object, object], object]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
    "..": span,
    "-f": fill,
    "-band": _bits(lambda a, b: a & b),
    "-bor": _bits(lambda a, b: a | b),
    "-bxor": _bits(lambda a, b: a ^ b),
    "-shl": _bits(lambda a, b: ((a << (b & 31)) + (1 << 31)) % (1 << 32) - (1 << 31)),
    "-shr": _bits(lambda a, b: a >> (b & 31)),
}
