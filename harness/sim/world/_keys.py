"""Product keys: the public generic ones from the catalogue, and the invented ones a topology brings along."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["HostKey", "KeyBook", "KeyChannel", "ProductKey", "tail"]

_SHAPE = re.compile(r"[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}")


class KeyChannel(StrEnum):
    """SoftwareLicensingProduct.ProductKeyChannel."""

    AVMA = "VT:IA"
    GVLK = "Volume:GVLK"
    MAK = "Volume:MAK"
    RETAIL = "Retail"
    OEM = "OEM:COA"
    EVALUATION = "Retail:TB:Eval"


def tail(text: str) -> str:
    """The last five characters, which Windows shows as PartialProductKey."""
    return text[-5:]


@dataclass(frozen=True, slots=True)
class ProductKey:
    """A key that some Windows accepts: ``releases`` and ``edition`` say which."""

    text: str
    channel: KeyChannel
    releases: frozenset[str]
    edition: str

    @property
    def last5(self) -> str:
        return tail(self.text)


@dataclass(slots=True, eq=False)
class HostKey:
    """A Datacenter key that can make an Azure node an AVMA parent. ``used`` activations never come back."""

    text: str
    kind: str
    """mak, retail or oem."""
    version: str
    activations: int
    edition: str = "Datacenter"
    used: int = 0


class KeyBook:
    """Every key of the world, found by its text in any case."""

    def __init__(self, keys: Iterable[ProductKey], host_keys: Iterable[HostKey] = ()) -> None:
        self._keys = {key.text.upper(): key for key in keys}
        self._host_keys = {key.text.upper(): key for key in host_keys}

    @staticmethod
    def well_formed(text: str) -> bool:
        """Five groups of five letters or digits."""
        return _SHAPE.fullmatch(text.strip().upper()) is not None

    def find(self, text: str) -> ProductKey | None:
        """The guest key of that text."""
        return self._keys.get(text.strip().upper())

    def host_key(self, text: str) -> HostKey | None:
        """The host key of that text."""
        return self._host_keys.get(text.strip().upper())

    def generic(self, channel: KeyChannel, release: str, edition: str) -> ProductKey | None:
        """The public key of that channel for a release and edition, where one was published."""
        for key in self._keys.values():
            if key.channel is channel and release in key.releases and key.edition == edition:
                return key
        return None

    @property
    def host_keys(self) -> tuple[HostKey, ...]:
        return tuple(self._host_keys.values())
