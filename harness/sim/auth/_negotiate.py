"""Negotiate on a connection: raw NTLM or SPNEGO, and the encryption that follows from it."""

import base64
import hashlib
import struct
from collections.abc import Callable
from typing import Protocol

from harness.sim.auth._accounts import AccountBook
from harness.sim.auth._ntlm import NtlmAcceptor, NtlmIdentity
from harness.sim.auth._ntlm_messages import SIGNATURE, TokenError
from harness.sim.auth._sealing import MultipartSealer
from harness.sim.auth._spnego import NTLM, Mechanism, SpnegoAcceptor
from harness.sim.auth._verdict import Admitted, Turned
from harness.sim.http import HttpRequest

__all__ = ["Negotiate", "channel_binding_hash"]


def channel_binding_hash(certificate: bytes) -> bytes:
    """What NTLM shows of a TLS connection: MD5 over the GSS channel bindings of tls-server-end-point (RFC 5929)."""
    data = b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
    packed = struct.pack("<IIIII", 0, 0, 0, 0, len(data)) + data
    return hashlib.md5(packed, usedforsecurity=False).digest()


class Exchange(Protocol):
    """One run of tokens, raw or wrapped."""

    def step(self, token: bytes) -> bytes:
        """The answer to a token. Raises TokenError."""


class Negotiate:
    """Authenticates a connection once; later requests on it need no token.

    Args:
        book: the machine's accounts.
        identity: how the machine presents itself.
    """

    offer = "Negotiate"

    def __init__(self, book: AccountBook, identity: NtlmIdentity) -> None:
        self._book = book
        self._identity = identity
        self._ntlm: NtlmAcceptor | None = None
        self._exchange: Exchange | None = None
        self._admitted: Admitted | None = None

    def judge(self, request: HttpRequest) -> Admitted | Turned | None:
        """See Scheme."""
        scheme, _ = request.authorization
        if scheme not in ("negotiate", "ntlm"):
            return self._admitted if not scheme else None
        token = request.token()
        if not token:
            return Turned()
        try:
            return self._step(token, request.headers["authorization"].partition(" ")[0])
        except TokenError:
            self._forget()
            return Turned()

    def _step(self, token: bytes, written: str) -> Admitted | Turned:
        if self._exchange is None or self._admitted is not None:
            self._begin(token)
        assert self._exchange is not None
        assert self._ntlm is not None
        answer = self._exchange.step(token)
        line = f"{written} {base64.b64encode(answer).decode()}" if answer else written
        account, session = self._ntlm.account, self._ntlm.session
        if account is None or session is None:
            return Turned(line, close=False)
        self._book.succeeded(account)
        sealer = MultipartSealer(session)
        self._admitted = Admitted(account, sealer=sealer)
        return Admitted(account, (("WWW-Authenticate", line),) if answer else (), sealer)

    def _begin(self, token: bytes) -> None:
        self._forget()
        ntlm = self._ntlm = NtlmAcceptor(self._identity, self._book.find, self._book.failed)
        self._exchange = ntlm if token.startswith(SIGNATURE) else SpnegoAcceptor([_mechanism(ntlm)])

    def _forget(self) -> None:
        self._ntlm = self._exchange = self._admitted = None


def _mechanism(ntlm: NtlmAcceptor) -> Mechanism:
    def verify(data: bytes, mic: bytes) -> None:
        assert ntlm.session is not None
        ntlm.session.verify(data, mic)

    def sign(data: bytes) -> bytes:
        assert ntlm.session is not None
        return ntlm.session.sign(data)

    def restart() -> None:
        assert ntlm.session is not None
        ntlm.session.restart_ciphers()

    done: Callable[[], bool] = lambda: ntlm.session is not None  # noqa: E731 - read beside its siblings
    return Mechanism((NTLM,), ntlm.step, done, sign, verify, restart)
