"""What pydantic finds wrong with a document's structure, told at its line and column in the administrator's words."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.lab._document import Document
from harness.lab._nodes import Path
from harness.lab._problems import Problem

__all__ = ["closest", "structure"]

F = TypeVar("F", bound=BaseModel)

_SECRET_KEYS = ("password", "key")
_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}
_FOUND = ((bool, "true or false"), (int, "a number"), (float, "a fraction"), (str, "a text"), (list, "a list"))


def structure(form: type[F], document: Document) -> tuple[F | None, list[Problem]]:
    """The document as ``form``, or None and every problem of its structure."""
    try:
        return form.model_validate(document.data), []
    except ValidationError as error:
        found = error.errors(include_url=False)
    return None, [_problem(detail, document, form) for detail in found]


def closest(word: str, known: list[str]) -> str:
    """A suggestion for a word that is not known: the nearest one, or all where there are few."""
    near = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean `{near[0]}`?"
    return f"Known here: {', '.join(known)}." if 0 < len(known) <= 24 else ""


def _problem(detail: ErrorDetails, document: Document, form: type[BaseModel]) -> Problem:
    kind = detail["type"]
    path = tuple(part for part in detail["loc"] if part != "[key]")
    match kind:
        case "missing":
            place = document.place(path[:-1], key=True)
            about = _properties(form, path[:-1]).get(str(path[-1]), {}).get("description", "")
            return Problem(place, "missing_key", f"`{path[-1]}` is missing.", f"Add it. {about}".rstrip())
        case "extra_forbidden":
            return _unknown_key(document, form, path)
        case _ if "[key]" in detail["loc"]:
            message = "This is no name: letters, digits, `.`, `_` and `-` only."
            return Problem(document.place(path, key=True), "bad_name", message, "Rename the entry.")
    code, message, advice = _value_problem(detail)
    return Problem(document.place(path), code, message, advice)


def _unknown_key(document: Document, form: type[BaseModel], path: Path) -> Problem:
    place = document.place(path, key=True)
    known = list(_properties(form, path[:-1]))
    if any(part in _SECRET_KEYS for part in path[:-1]):  # the unknown key may be the secret itself
        return Problem(place, "unknown_key", "This is no source of a secret.", f"Known here: {', '.join(known)}.")
    advice = closest(str(path[-1]), known) if known else "Nothing can be set here: leave it empty."
    return Problem(place, "unknown_key", f"`{path[-1]}` is not known here.", advice)


def _value_problem(detail: ErrorDetails) -> tuple[str, str, str]:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if "sentence" in context:
        return kind, context["sentence"], context["suggestion"]
    if kind in _EXPECTED:
        advice = "Write true or false." if kind == "bool_type" else _as_key(kind, value)
        return "wrong_type", f"This should be {_EXPECTED[kind]}, not {_found(value)}.", advice
    if kind in ("enum", "literal_error"):
        allowed = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
        if not isinstance(value, str):
            return "wrong_type", f"This should be a text, not {_found(value)}.", f"Use one of {', '.join(allowed)}."
        return "not_allowed", "This value is not allowed here.", _choice(value, allowed)
    if kind in ("string_too_short", "too_short"):
        return "empty", "This is empty.", "Give a value, or remove the key."
    if kind == "string_pattern_mismatch":
        return (
            "bad_name",
            "This is not the name of an environment variable.",
            "Give the variable's name, not its value.",
        )
    limit = next(f"{words} {context[key]:g}" for key, words in _LIMITS.items() if key in context)
    return "out_of_range", f"This number must be {limit}.", ""


def _as_key(kind: str, value: object) -> str:
    return "Put a `:` after the name." if kind.startswith(("model", "dict")) and isinstance(value, str) else ""


_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most"}


def _choice(value: str, allowed: list[str]) -> str:
    near = get_close_matches(value.lower(), allowed, n=1, cutoff=0.6)
    return f"Did you mean `{near[0]}`?" if near else f"Use one of {', '.join(allowed)}."


def _found(value: object) -> str:
    if value is None:
        return "nothing"
    return next((name for kind, name in _FOUND if isinstance(value, kind)), "keys with values")


@cache
def _schema(form: type[BaseModel]) -> Mapping[str, Any]:
    return form.model_json_schema()


def _properties(form: type[BaseModel], path: Path) -> Mapping[str, Any]:
    """The keys that are known at ``path``, with their descriptions, read from the form's own JSON Schema."""
    top = _schema(form)
    node: Mapping[str, Any] = top
    for part in path:
        node = _resolved(node, top)
        if isinstance(part, int):
            node = node.get("items", {})
        else:
            named = {**node.get("properties", {}), **node.get("patternProperties", {})}
            node = named.get(part) or next(iter(node.get("patternProperties", {}).values()), {})
    found: Mapping[str, Any] = _resolved(node, top).get("properties", {})
    return found


def _resolved(node: Mapping[str, Any], top: Mapping[str, Any]) -> Mapping[str, Any]:
    """The branch of a schema that describes a mapping or a list, behind references and `or null`."""
    for branch in [node, *node.get("anyOf", ())]:
        target = top["$defs"][branch["$ref"].rpartition("/")[2]] if "$ref" in branch else branch
        if target.get("type") in ("object", "array"):
            found: Mapping[str, Any] = target
            return found
    return node
