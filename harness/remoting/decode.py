"""What PowerShell objects become on our side: plain Python where there is a plain form, one frozen record elsewhere.

Remoting writes an object one level deep (MS-PSRP 2.2.5; the engine's own depth is 1), so a decoded object is mostly
flat: deeper values arrive as the text of their ToString().
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["EnumValue", "RemoteObject"]


@dataclass(frozen=True, slots=True)
class EnumValue:
    """A .NET enum: ``name`` as the type spells it, ``number`` where the wire carried one (None at depth 0)."""

    name: str
    number: int | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """A complex object: its type-name chain, its adapted and extended properties in one table, its ToString().

    Example:
        >>> vm = RemoteObject(("Microsoft.HyperV.PowerShell.VirtualMachine",), {"Name": "web01"}, "VirtualMachine")
        >>> vm.get("name")
        'web01'
    """

    types: tuple[str, ...]
    properties: Mapping[str, object] = field(default_factory=dict)
    text: str | None = None

    def get(self, name: str) -> object:
        """The property of that name in any case, or None, as PowerShell answers for a missing one."""
        wanted = name.casefold()
        return next((value for key, value in self.properties.items() if key.casefold() == wanted), None)
