"""Negotiate and Kerberos on a connection: NTLM, Kerberos or SPNEGO, and the encryption that follows from it."""

import base64
import hashlib
import struct
from collections.abc import Callable
from functools import partial
from typing import Protocol

from harness.sim.auth._accounts import AccountBook
from harness.sim.auth._kerberos import KerberosAcceptor, KerberosIdentity
from harness.sim.auth._ntlm import NtlmAcceptor, NtlmIdentity
from harness.sim.auth._ntlm_messages import SIGNATURE, TokenError
from harness.sim.auth._sealing import MultipartSealer
from harness.sim.auth._spnego import KERBEROS, MS_KERBEROS, NTLM, Mechanism, SpnegoAcceptor
from harness.sim.auth._verdict import Admitted, Turned
from harness.sim.http import HttpRequest
from harness.sim.machine import Account

__all__ = ["Handshake", "Kerberos", "Negotiate", "channel_binding_data", "channel_binding_hash"]


def channel_binding_data(certificate: bytes) -> bytes:
    """What Kerberos is shown of a TLS connection: tls-server-end-point (RFC 5929)."""
    return b"tls-server-end-point:" + hashlib.sha256(certificate).digest()


def channel_binding_hash(certificate: bytes) -> bytes:
    """What NTLM shows of a TLS connection: MD5 over the GSS channel bindings of tls-server-end-point."""
    data = channel_binding_data(certificate)
    packed = struct.pack("<IIIII", 0, 0, 0, 0, len(data)) + data
    return hashlib.md5(packed, usedforsecurity=False).digest()


class Exchange(Protocol):
    """One run of tokens, raw or wrapped."""

    def step(self, token: bytes) -> bytes:
        """The answer to a token. Raises TokenError."""


class Security(Protocol):
    """An established context."""

    def open(self, signature: bytes, cipher_text: bytes) -> bytes: ...
    def close(self, plain: bytes) -> tuple[bytes, bytes]: ...
    def sign(self, data: bytes) -> bytes: ...
    def verify(self, data: bytes, signature: bytes) -> None: ...
    def restart_ciphers(self) -> None: ...
    def wrap(self, plain: bytes) -> bytes: ...
    def unwrap(self, token: bytes) -> bytes: ...


class Acceptor(Exchange, Protocol):
    """A mechanism's exchange, with what it found out once it is over."""

    @property
    def account(self) -> Account | None: ...
    @property
    def session(self) -> Security | None: ...


class Handshake:
    """One run of tokens by whichever mechanism the client chose: NTLM, Kerberos, or SPNEGO around either.

    Args:
        book: the machine's accounts.
        identity: how the machine presents itself to NTLM.
        kerberos: what it accepts tickets with; None where it is in no domain.
    """

    def __init__(self, book: AccountBook, identity: NtlmIdentity, kerberos: KerberosIdentity | None = None) -> None:
        self._book = book
        self._identity = identity
        self._kerberos = kerberos
        self._acceptors: list[Acceptor] = []
        self._exchange: Exchange | None = None

    def step(self, token: bytes) -> bytes:
        """The answer to a token. Raises TokenError."""
        if self._exchange is None:
            self._exchange = self._begin(token)
        return self._exchange.step(token)

    @property
    def proved(self) -> tuple[Account, Security] | None:
        """Who it is and the context that was established, once both are known."""
        found = next((one for one in self._acceptors if one.session is not None), None)
        if found is None or found.account is None or found.session is None:
            return None
        return found.account, found.session

    def _begin(self, token: bytes) -> Exchange:
        ntlm = NtlmAcceptor(self._identity, self._book.find, self._book.failed)
        if token.startswith(SIGNATURE):
            self._acceptors = [ntlm]
            return ntlm
        mechanisms = [_mechanism(ntlm, NTLM)]
        self._acceptors = [ntlm]
        if self._kerberos is not None:
            kerberos = KerberosAcceptor(self._kerberos, self._book.find)
            self._acceptors = [kerberos, ntlm]
            mechanisms.insert(0, _mechanism(kerberos, KERBEROS, MS_KERBEROS))
            if _is_raw_kerberos(token):
                return kerberos
        return SpnegoAcceptor(mechanisms)


class _KerberosHandshake(Handshake):
    """Kerberos tokens without SPNEGO around them."""

    def _begin(self, token: bytes) -> Exchange:
        if self._kerberos is None or not _is_raw_kerberos(token):
            raise TokenError("not a Kerberos token, or no keys to read it with")
        kerberos = KerberosAcceptor(self._kerberos, self._book.find)
        self._acceptors = [kerberos]
        return kerberos


class Negotiate:
    """Authenticates a connection once; later requests on it need no token. Arguments as of Handshake."""

    offer = "Negotiate"
    words: tuple[str, ...] = ("negotiate", "ntlm")
    handshake: type[Handshake] = Handshake

    def __init__(self, book: AccountBook, identity: NtlmIdentity, kerberos: KerberosIdentity | None = None) -> None:
        self._book = book
        self._make = partial(self.handshake, book, identity, kerberos)
        self._handshake: Handshake | None = None
        self._admitted: Admitted | None = None

    def judge(self, request: HttpRequest) -> Admitted | Turned | None:
        """See Scheme."""
        scheme, _ = request.authorization
        if scheme not in self.words:
            return self._admitted if not scheme else None
        token = request.token()
        if not token:
            return Turned()
        try:
            return self._step(token, request.headers["authorization"].partition(" ")[0])
        except TokenError:
            self._handshake = self._admitted = None
            return Turned()

    def _step(self, token: bytes, written: str) -> Admitted | Turned:
        if self._handshake is None or self._admitted is not None:
            self._handshake, self._admitted = self._make(), None
        answer = self._handshake.step(token)
        line = f"{written} {base64.b64encode(answer).decode()}" if answer else written
        proved = self._handshake.proved
        if proved is None:
            return Turned(line, close=False)
        account, session = proved
        self._book.succeeded(account)
        sealer = MultipartSealer(session)
        self._admitted = Admitted(account, sealer=sealer)
        return Admitted(account, (("WWW-Authenticate", line),) if answer else (), sealer)


class Kerberos(Negotiate):
    """The scheme of that name: Kerberos tokens without SPNEGO around them."""

    offer = "Kerberos"
    words = ("kerberos",)
    handshake = _KerberosHandshake


def _is_raw_kerberos(token: bytes) -> bool:
    """A GSS-API token of the Kerberos mechanism (RFC 4121 4.1): its object identifier stands near the head."""
    return token[:1] == b"\x60" and b"\x06\x09" + KERBEROS in token[:20]


def _mechanism(acceptor: Acceptor, *oids: bytes) -> Mechanism:
    def verify(data: bytes, mic: bytes) -> None:
        assert acceptor.session is not None
        acceptor.session.verify(data, mic)

    def sign(data: bytes) -> bytes:
        assert acceptor.session is not None
        return acceptor.session.sign(data)

    def restart() -> None:
        assert acceptor.session is not None
        acceptor.session.restart_ciphers()

    done: Callable[[], bool] = lambda: acceptor.session is not None  # noqa: E731 - read beside its siblings
    return Mechanism(oids, acceptor.step, done, sign, verify, restart)
