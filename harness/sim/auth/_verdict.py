"""What an authenticator says about a request."""

from dataclasses import dataclass
from typing import Protocol

from harness.sim.http import HttpRequest
from harness.sim.machine import Account

__all__ = ["Admitted", "Scheme", "SealBroken", "Sealer", "Turned"]


class SealBroken(Exception):  # noqa: N818 - named for what happened
    """An encrypted body does not open under this connection's context."""


class Sealer(Protocol):
    """Opens and closes encrypted bodies under one security context."""

    def open(self, content_type: str, body: bytes) -> bytes:
        """The plain body. Raises SealBroken."""

    def close(self, body: bytes) -> tuple[str, bytes]:
        """Content type and encrypted body."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The request is from this account.

    Attributes:
        account: who.
        headers: extra header lines for the response, as a final token.
        sealer: there when the client may send encrypted bodies.
    """

    account: Account
    headers: tuple[tuple[str, str], ...] = ()
    sealer: Sealer | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """401: either with all schemes (``challenge`` is None), or with one scheme's next token.

    ``close`` ends the connection, as the recorded first 401 does.
    """

    challenge: str | None = None
    close: bool = True


class Scheme(Protocol):
    """One way to authenticate, for one connection."""

    offer: str
    """Its WWW-Authenticate line; empty when it is not announced."""

    def judge(self, request: HttpRequest) -> Admitted | Turned | None:
        """Admitted, Turned, or None when the request does not use this scheme."""
