"""Python values as parameters of a command: what pypsrp sends wrongly is put right, what it cannot send is refused.

Measured with pypsrp 0.9.1's serializer: it writes every int as Int32, a float as Single, and fails in the middle of a
message on tuples, sets, datetimes and enums.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from uuid import UUID

from pydantic import SecretStr
from pypsrp.complex_objects import PSCredential
from pypsrp.serializer import TaggedValue

from harness.core.errors import InputError
from harness.remoting.session import Credential

__all__ = ["holds_secret", "wire_value"]


def wire_value(value: object) -> object:
    """The value as pypsrp sends it rightly.

    str, bool, None, bytes and UUID as they are; int as Int32, Int64 or UInt64 by size; float as Double; datetime and
    date as ISO 8601 text, which the binder parses in any culture; list and tuple as an array; a mapping as a Hashtable;
    SecretStr as SecureString; Credential as PSCredential.

    Raises:
        InputError: anything else. Nothing has been sent by then.
    """
    if value is None or isinstance(value, bool | bytes | UUID):
        return value
    if isinstance(value, Enum):
        raise _refused(value, "send its name or its number")
    convert = next((made for kind, made in _KINDS if isinstance(value, kind)), None)
    if convert is None:
        raise _refused(value, "no .NET type stands for it")
    return convert(value)


def holds_secret(value: object) -> bool:
    """Whether the session key is needed before this value can travel."""
    if isinstance(value, SecretStr | Credential):
        return True
    if isinstance(value, Mapping):
        return any(holds_secret(item) for item in value.values())
    return isinstance(value, list | tuple) and any(holds_secret(item) for item in value)


def _string(value: str) -> str:
    try:
        value.isascii() or value.encode()
    except UnicodeEncodeError as error:
        raise _refused(value, "it holds half a surrogate pair") from error
    return str(value)


def _integer(value: int) -> object:
    if -(2**31) <= value < 2**31:
        return int(value)
    if -(2**63) <= value < 2**63:
        return TaggedValue("I64", int(value))
    if 0 <= value < 2**64:
        return TaggedValue("U64", int(value))
    raise _refused(value, "it is larger than any .NET integer")


def _real(value: float) -> object:
    if not math.isfinite(value):
        raise _refused(value, "it is no number")
    return TaggedValue("Db", repr(float(value)))


def _moment(value: date) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise _refused(value, "it has no time zone")
    return value.isoformat()


def _array(values: Iterable[object]) -> list[object]:
    return [wire_value(value) for value in values]


def _table(values: Mapping[object, object]) -> dict[str, object]:
    return {_string(str(key)): wire_value(value) for key, value in values.items()}


def _secret(value: SecretStr) -> object:
    return TaggedValue("SS", value.get_secret_value())


def _credential(value: Credential) -> object:
    return PSCredential(username=value.username, password=value.password.get_secret_value())  # type: ignore[no-untyped-call]


_KINDS: tuple[tuple[type | tuple[type, ...], Callable[..., object]], ...] = (
    (str, _string),
    (int, _integer),
    (float, _real),
    (date, _moment),
    ((list, tuple), _array),
    (Mapping, _table),
    (SecretStr, _secret),
    (Credential, _credential),
)


def _refused(value: object, why: str) -> InputError:
    return InputError(f"A {type(value).__name__} cannot be sent as a parameter: {why}.", code="parameter_not_sendable")
