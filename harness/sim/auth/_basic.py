"""Basic authentication (RFC 7617), for local accounts."""

from harness.sim.auth._accounts import AccountBook
from harness.sim.auth._verdict import Admitted, Turned
from harness.sim.http import HttpRequest

__all__ = ["Basic"]


class Basic:
    """Checks name and password of each request."""

    offer = 'Basic realm="WSMAN"'

    def __init__(self, book: AccountBook) -> None:
        self._book = book

    def judge(self, request: HttpRequest) -> Admitted | Turned | None:
        """See Scheme."""
        if request.authorization[0] != "basic":
            return None
        name, colon, password = _text(request.token()).partition(":")
        account = self._book.check(name, password) if colon else None
        return Turned() if account is None else Admitted(account)


def _text(token: bytes) -> str:
    """Clients send UTF-8 or, as python-requests does, Latin-1."""
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        return token.decode("latin-1")
