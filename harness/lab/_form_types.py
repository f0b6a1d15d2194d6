"""The kinds of value that inventories and playbooks are written with, as pydantic types.

Each is checked here and described for the JSON Schema in one place. Messages never repeat a value that may be secret.
"""

import re
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = [
    "Address",
    "Choice",
    "Form",
    "IsoDate",
    "Name",
    "NullIsEmpty",
    "Port",
    "Release",
    "Releases",
    "Seconds",
    "Text",
    "Texts",
    "Timeout",
    "Version",
    "refuse",
]


class Form(BaseModel):
    """A mapping of the file, as written. It never travels inward: the loaders turn it into the core's records."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        model_title_generator=lambda form: form.__name__.removesuffix("Form"),
    )


class NullIsEmpty:
    """Marks a form whose key may stand alone: `hv-1:` with nothing after it is an entry that says nothing."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_empty_for_none, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        inner = handler(schema)
        return inner if "anyOf" in inner else {"anyOf": [inner, {"type": "null"}]}


def _empty_for_none(value: object) -> object:
    return {} if value is None else value


def refuse(code: str, message: str, suggestion: str = "") -> PydanticCustomError:
    """A finding in the harness's own words; ``code`` becomes the problem's code."""
    return PydanticCustomError(code, "{sentence}", {"sentence": message, "suggestion": suggestion})


Choice = Strict(strict=False)
"""Marks an enumeration: YAML gives its text, not its member."""


def _texts(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _release(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _releases(value: object) -> object:
    items = value if isinstance(value, list) else [value]
    return [_release(item) for item in items]


def _address(value: object) -> object:
    if not isinstance(value, str):
        return value
    if "://" in value:
        raise refuse(
            "bad_address", "An address is a name or an IP address, not a URL.", "Write `scheme` and `port` apart."
        )
    if re.fullmatch(r"[^:]+:\d+", value):
        raise refuse("bad_address", "An address has no port in it.", "Write the port apart, as `port`.")
    if not re.fullmatch(r"[\w.:%\[\]-]+", value):
        raise refuse("bad_address", "This is neither a host name nor an IP address.", "Check the spelling.")
    return value


def _date(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise refuse("bad_date", "This is not a date.", "Write it as year-month-day: 2027-01-31.")


_DURATION = re.compile(
    r"(?:PT)?(?=\d)(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m(?:in)?)?(?:(?P<s>\d+(?:\.\d+)?)s)?", re.IGNORECASE
)


def _seconds(value: object) -> object:
    """Seconds of "PT2M30S", "2m", "1h30m", "90s" or a plain number."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        if match is None:
            raise refuse("bad_duration", "This is not a duration.", "Write PT2M, 2m, 90s or a number of seconds.")
        hours, minutes, seconds = (float(match[unit] or 0) for unit in "hms")
        return hours * 3600 + minutes * 60 + seconds
    return value


_TEXT_OR_LIST: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_RELEASE: dict[str, Any] = {"type": ["string", "integer"]}

Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]*$")]
Texts = Annotated[list[Text], BeforeValidator(_texts), WithJsonSchema(_TEXT_OR_LIST)]
Release = Annotated[Text, BeforeValidator(_release), WithJsonSchema(_RELEASE)]
Releases = Annotated[
    list[Text], BeforeValidator(_releases), WithJsonSchema({"anyOf": [_RELEASE, {"type": "array", "items": _RELEASE}]})
]
Address = Annotated[str, BeforeValidator(_address)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Timeout = Annotated[
    float,
    Field(gt=0, le=86400),
    BeforeValidator(_seconds),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "examples": ["PT2M", "2m"]}]}
    ),
]
IsoDate = Annotated[date, BeforeValidator(_date)]
Version = Annotated[int, WithJsonSchema({"const": 1})]
