"""Lists and tables whose .NET type is not the usual one; for what the protocol itself writes."""

__all__ = ["TypedList", "TypedTable"]


class TypedList(list[object]):
    """A list with type names of its own, most derived first."""

    def __init__(self, types: tuple[str, ...], values: list[object] | None = None) -> None:
        super().__init__(values or [])
        self.types = types


class TypedTable(dict[str, object]):
    """A table with type names of its own, most derived first."""

    def __init__(self, types: tuple[str, ...], values: dict[str, object] | None = None) -> None:
        super().__init__(values or {})
        self.types = types
