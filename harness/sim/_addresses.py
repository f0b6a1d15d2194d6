"""Loopback addresses for one lab: a block of 127.0.0.0/8 that no other lab on this machine uses.

A block is claimed by listening on its first address; the control interface keeps that socket for as long as it runs.
"""

import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

__all__ = ["CONTROL_PORT", "AddressBlock", "claim_block"]

CONTROL_PORT = 47986
_SMALL = 240
_TRIES = 200


@dataclass(slots=True)
class AddressBlock:
    """Addresses of one lab. ``shared``: this machine has only 127.0.0.1, so machines differ by their ports.

    ``control`` is the listening socket that holds the claim.
    """

    control: socket.socket
    prefix: str
    wide: bool = False
    shared: bool = False
    _next: Iterator[int] = field(default_factory=lambda: iter(range(10, 250 * 250)))

    @property
    def control_address(self) -> tuple[str, int]:
        host, port = self.control.getsockname()[:2]
        return str(host), int(port)

    def again(self) -> "AddressBlock":
        """The same block from its first address on, for a world that is made anew."""
        return AddressBlock(self.control, self.prefix, self.wide, self.shared)

    def take(self) -> str:
        """The next free address of the block."""
        number = next(self._next)
        if self.shared:
            return "127.0.0.1"
        return f"{self.prefix}.{number // 250}.{number % 250 + 1}" if self.wide else f"{self.prefix}.{number}"


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((address, port))
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    listener.settimeout(0)
    return listener


def claim_block(machines: int, source: Random) -> AddressBlock:
    """Claim a /24 (or, for more than 240 machines, a /16) of 127.0.0.0/8.

    Raises:
        OSError: no block was free after many tries.
    """
    wide = machines > _SMALL
    for _ in range(_TRIES):
        prefix = (
            f"127.{source.randrange(200, 255)}"
            if wide
            else f"127.{source.randrange(10, 200)}.{source.randrange(1, 255)}"
        )
        try:
            return AddressBlock(_listen(f"{prefix}.0.1" if wide else f"{prefix}.1", CONTROL_PORT), prefix, wide)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return AddressBlock(_listen("127.0.0.1", 0), "127.0.0", shared=True)
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "no block of loopback addresses is free")
