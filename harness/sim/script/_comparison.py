"""Comparison, matching and text operators. Without case unless the operator says ``c``.

After about_Comparison_Operators, about_Split and about_Join on Microsoft Learn (read 2025-11). An array on the left
filters instead of answering.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from harness.sim.objects import Enum, Version
from harness.sim.script._casts import convert
from harness.sim.script._errors import INVALID_ARGUMENT, ScriptError, failure
from harness.sim.script._nodes import TypeName
from harness.sim.script._operators import bounded
from harness.sim.script._values import as_items, is_number, to_bool, to_number, to_text, whole, wildcard

__all__ = ["compare", "equal", "joined"]

_ORDER: dict[str, Callable[[int], bool]] = {
    "gt": lambda sign: sign > 0,
    "ge": lambda sign: sign >= 0,
    "lt": lambda sign: sign < 0,
    "le": lambda sign: sign <= 0,
}


def compare(operator: str, left: object, right: object) -> tuple[object, dict[object, object] | None]:
    """The result of one comparison operator, and ``$Matches`` where ``-match`` found something."""
    name, case = _plain(operator)
    left, right = whole(left), whole(right)
    if name in ("contains", "notcontains"):
        return _holds(left, right, case=case) == (name == "contains"), None
    if name in ("in", "notin"):
        return _holds(right, left, case=case) == (name == "in"), None
    if name == "replace":
        return _each(left, lambda item: _replaced(item, right, case=case)), None
    if name == "split":
        return _split(left, right, case=case), None
    if name in ("match", "notmatch"):
        return _match(left, right, case=case, wanted=name == "match")
    test = _test(name, right, case=case)
    if isinstance(left, list):
        return [item for item in left if test(item)], None
    return test(left), None


def equal(left: object, right: object, *, case: bool = False) -> bool:
    """``-eq`` between two single values: the left one's type decides."""
    left, right = whole(left), whole(right)
    if left is None or right is None:
        return left is right
    if isinstance(left, str) and not isinstance(left, Version):
        first, second = left, to_text(right)
        return first == second if case else first.casefold() == second.casefold()
    if isinstance(left, bool):
        return left == to_bool(right)
    if is_number(left):
        found = to_number(right) if not isinstance(right, list | dict) else None
        return found is not None and left == found
    return _equal_objects(left, right)


def _equal_objects(left: object, right: object) -> bool:
    if isinstance(left, Enum):
        if isinstance(right, Enum):
            return left.value == right.value
        found = to_number(right)
        return left.name.casefold() == to_text(right).casefold() or (found is not None and left.value == found)
    for kind, name in ((UUID, "guid"), (Version, "version"), (datetime, "datetime")):
        if isinstance(left, kind):
            try:
                return left == convert(right, TypeName(name))
            except ScriptError:
                return False
    return left is right or (type(left) is type(right) and left == right and not isinstance(left, list | dict))


def _plain(operator: str) -> tuple[str, bool]:
    """An operator's name without its case prefix, and whether case counts."""
    name = operator.removeprefix("-")
    if name[0] in "ci" and name not in ("in", "contains"):
        return name[1:], name[0] == "c"
    return name, False


def _test(name: str, right: object, *, case: bool) -> Callable[[object], bool]:
    if name in ("eq", "ne"):
        return lambda item: equal(item, right, case=case) == (name == "eq")
    if name in ("like", "notlike"):
        pattern = wildcard(to_text(right), case=case)
        return lambda item: (pattern.fullmatch(to_text(item)) is not None) == (name == "like")
    accept = _ORDER[name]
    return lambda item: accept(_sign(item, right, case=case))


def _sign(left: object, right: object, *, case: bool) -> int:
    if left is None and not is_number(right):
        return 0 if right is None else -1
    if isinstance(left, str) and not isinstance(left, Version):
        first, second = left, to_text(right)
        pair = (first, second) if case else (first.casefold(), second.casefold())
        return (pair[0] > pair[1]) - (pair[0] < pair[1])
    one, two = _ordered(left), _ordered_like(left, right)
    try:
        return int(one > two) - int(one < two)
    except TypeError:
        raise failure(
            f'Could not compare "{to_text(left)}" to "{to_text(right)}".', "ComparisonFailure", INVALID_ARGUMENT
        ) from None


def _ordered(value: object) -> Any:
    """Something that Python can order against its like."""
    if value is None:
        return 0
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Version):
        return tuple(int(piece) for piece in value.split("."))
    return value


def _ordered_like(left: object, right: object) -> Any:
    if left is None or isinstance(left, int | float):
        found = to_number(right)
        return right if found is None else found
    for kind, name in ((Version, "version"), (datetime, "datetime"), (UUID, "guid")):
        if isinstance(left, kind):
            return _ordered(convert(right, TypeName(name)))
    return _ordered(right)


def _holds(items: object, wanted: object, *, case: bool) -> bool:
    return any(equal(item, wanted, case=case) for item in as_items(items))


def _each(value: object, rule: Callable[[object], object]) -> object:
    return [rule(item) for item in value] if isinstance(value, list) else rule(value)


def _pattern(text: str, *, case: bool) -> re.Pattern[str]:
    translated = re.sub(r"\(\?<(?![=!])", "(?P<", text)
    try:
        return re.compile(translated, 0 if case else re.IGNORECASE)
    except re.error:
        raise failure(
            f'parsing "{text}" - the regular expression is invalid.', "InvalidRegularExpression", INVALID_ARGUMENT
        ) from None


def _match(left: object, right: object, *, case: bool, wanted: bool) -> tuple[object, dict[object, object] | None]:
    pattern = _pattern(to_text(right), case=case)
    if isinstance(left, list):
        return [item for item in left if (pattern.search(to_text(item)) is not None) == wanted], None
    found = pattern.search(to_text(left))
    if found is None:
        return not wanted, None
    names = {place: name for name, place in pattern.groupindex.items()}
    numbered = [found[place] for place in range(pattern.groups + 1) if place not in names]
    groups: dict[object, object] = {place: text for place, text in enumerate(numbered) if text is not None}
    groups |= {name: found[place] for place, name in names.items() if found[place] is not None}
    return wanted, groups


def _replaced(item: object, right: object, *, case: bool) -> object:
    listed = as_items(right)
    if len(listed) > 2:
        raise failure("The -replace operator allows only two elements to follow it.", "BadReplaceArgument")
    pattern = _pattern(to_text(listed[0]) if listed else "", case=case)
    template = to_text(listed[1]) if len(listed) > 1 else ""
    return bounded(pattern.sub(lambda found: _expanded(found, template), to_text(item)))


def _expanded(found: re.Match[str], template: str) -> str:
    def one(mark: re.Match[str]) -> str:
        if mark[0] == "$$":
            return "$"
        name = mark[1] or mark[2]
        try:
            return found[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return mark[0]

    return re.sub(r"\$\$|\$(\d+)|\$\{(\w+)\}", one, template)


def _split(left: object, right: object, *, case: bool) -> list[object]:
    """``-split``: by a regular expression, with an optional largest count."""
    listed = as_items(right)
    if len(listed) > 2:
        raise failure("The simulated lab does not evaluate the options of -split.", "SplitOptionsNotSupported")
    pattern = _pattern(to_text(listed[0]) if listed else " ", case=case)
    most = int(to_number(listed[1]) or 0) if len(listed) > 1 else 0
    texts = [to_text(item) for item in as_items(left)]
    if most == 1:
        return list(texts)
    return [piece for text in texts for piece in pattern.split(text, maxsplit=max(0, most - 1)) if piece is not None]


def joined(left: object, right: object) -> str:
    return to_text(as_items(left), to_text(right))
