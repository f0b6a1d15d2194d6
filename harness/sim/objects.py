"""What a simulated PowerShell puts into its pipeline, before it is written as CLIXML.

Primitives travel as Python values: ``None``, ``str``, ``bool``, ``int`` (Int32), ``float`` (Double), ``uuid.UUID``,
``datetime.datetime`` (aware), ``datetime.timedelta``, ``bytes``, ``list`` (Object[]), ``dict`` (Hashtable). Where the
.NET type matters, the wrappers below say so. How deep an object is written is the serializer's business
(remoting depth 1), not the cmdlet's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

__all__ = ["Enum", "ErrorRecord", "Int64", "NotedText", "Obj", "ProgressRecord", "Secure", "UInt32", "Version"]


class UInt32(int):
    """A System.UInt32."""


class Int64(int):
    """A System.Int64."""


class Version(str):
    """A System.Version in its dotted form."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Enum:
    """A .NET enum value: written as its name at depth 0, as an object with name and number above."""

    type_name: str
    name: str
    value: int

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True)
class Obj:
    """A .NET object: its type-name chain (most derived first), adapted properties and note properties.

    ``adapted`` are the real .NET properties (CLIXML ``Props``); ``notes`` the instance members that Select-Object or a
    cmdlet added (CLIXML ``MS``). Names compare without case; the dictionaries keep the case Windows shows.
    """

    types: tuple[str, ...]
    adapted: dict[str, object] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)
    text: str | None = None

    def get(self, name: str) -> object:
        """The property of that name in any case, or None as PowerShell answers for a missing one."""
        wanted = name.casefold()
        for table in (self.notes, self.adapted):
            for key, value in table.items():
                if key.casefold() == wanted:
                    return value
        return None

    def __str__(self) -> str:
        return self.text if self.text is not None else self.types[0]


class NotedText(str):
    """A string with instance members, as Invoke-Command puts it out: the text, and where it came from beside it."""

    __slots__ = ("notes",)

    notes: dict[str, object]

    def __new__(cls, text: str, notes: dict[str, object]) -> Self:
        made = super().__new__(cls, text)
        made.notes = notes
        return made


@dataclass(frozen=True, slots=True)
class Secure:
    """A SecureString that the client sent under the session key, or a credential's password."""

    plain: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """An error as PowerShell records it. ``fq_id`` is the FullyQualifiedErrorId including the command's class."""

    message: str
    fq_id: str
    category: int = 0
    exception_types: tuple[str, ...] = ("System.Exception",)
    hresult: int | None = None
    target: object = None
    category_activity: str = ""
    category_reason: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProgressRecord:
    """A progress record, as "Preparing modules for first use."."""

    activity: str
    status: str = "Processing"
    percent: int = -1
