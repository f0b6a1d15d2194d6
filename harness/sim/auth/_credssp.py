"""CredSSP as a server (MS-CSSP): TLS inside the tokens, NTLM or Kerberos inside that, and the password handed over.

The outer exchange is pyspnego's acceptor, which its author calls a proof of concept for testing; the inner one is the
lab's own, so that accounts, lockout and tickets are those of the machine.
"""

import base64
import re
import struct
from dataclasses import dataclass, replace
from typing import Any

import spnego
from spnego.exceptions import InvalidTokenError, SpnegoError

from harness.sim.auth._accounts import AccountBook, split_name
from harness.sim.auth._kerberos import KerberosIdentity
from harness.sim.auth._negotiate import Handshake, Security
from harness.sim.auth._ntlm import NtlmIdentity
from harness.sim.auth._ntlm_messages import TokenError
from harness.sim.auth._verdict import Admitted, SealBroken, Turned
from harness.sim.http import HttpRequest

__all__ = ["CredSsp", "CredSspSealer"]

_PROTOCOL = "application/HTTP-CredSSP-session-encrypted"
_BOUNDARY = b"--Encrypted Boundary"
_LENGTH = re.compile(rb"OriginalContent:\s*type=[^;\r\n]+;[^;\r\n]*;?\s*Length=(\d+)", re.IGNORECASE)
_OCTETS = re.compile(rb"Content-Type:\s*application/octet-stream\r\n", re.IGNORECASE)
_RECORD = b"\x17\x03"
"""How a TLS record of application data begins."""
_LONGEST = 16384


@dataclass(frozen=True, slots=True)
class _Data:
    data: bytes


class _Inner:
    """The lab's own handshake in the shape of the context that pyspnego's acceptor asks for."""

    def __init__(self, handshake: Handshake) -> None:
        self.handshake = handshake

    def step(self, token: bytes) -> bytes:
        try:
            return self.handshake.step(token)
        except TokenError as error:
            raise InvalidTokenError(context_msg=str(error)) from error

    def wrap(self, data: bytes) -> _Data:
        return _Data(self._session.wrap(data))

    def unwrap(self, data: bytes) -> _Data:
        try:
            return _Data(self._session.unwrap(data))
        except TokenError as error:
            raise InvalidTokenError(context_msg=str(error)) from error

    @property
    def _session(self) -> Security:
        proved = self.handshake.proved
        if proved is None:
            raise InvalidTokenError(context_msg="the inner exchange is not over")
        return proved[1]


class CredSsp:
    """Authenticates a connection once. Arguments as of Negotiate; the inner exchange shows no channel bindings."""

    offer = "CredSSP"

    def __init__(self, book: AccountBook, identity: NtlmIdentity, kerberos: KerberosIdentity | None = None) -> None:
        self._book = book
        self._identity = replace(identity, bindings=None)
        self._kerberos = None if kerberos is None else replace(kerberos, bindings=None)
        self._inner: _Inner | None = None
        self._context: Any = None
        self._admitted: Admitted | None = None
        self._hello = b""

    def judge(self, request: HttpRequest) -> Admitted | Turned | None:
        """See Scheme."""
        scheme, _ = request.authorization
        if scheme != "credssp":
            return self._admitted if not scheme else None
        token = request.token()
        if not token:
            return Turned()
        try:
            return self._step(token)
        except (SpnegoError, TokenError, ValueError, struct.error, IndexError):  # the last three: its ASN.1 reader
            self._inner = self._context = self._admitted = None
            return Turned()

    def _step(self, token: bytes) -> Admitted | Turned:
        hello = _client_random(token)
        if self._inner is None or hello not in {b"", self._hello}:
            self._begin()
        self._hello = hello or self._hello
        assert self._inner is not None
        answer: bytes | None = self._context.step(token)
        if not self._context.complete:
            return Turned(f"CredSSP {base64.b64encode(answer or b'').decode()}", close=False)
        proved = self._inner.handshake.proved
        handed = self._context.get_extra_info("client_credential")
        if proved is None or split_name(handed.username)[0].casefold() != proved[0].name.casefold():
            raise TokenError("the credential that was handed over is somebody else's")
        if handed.password != proved[0].password:
            raise TokenError("the password that was handed over is another")
        self._book.succeeded(proved[0])
        self._admitted = Admitted(proved[0], sealer=CredSspSealer(self._context))
        return self._admitted

    def _begin(self) -> None:
        self._admitted = None
        self._inner = _Inner(Handshake(self._book, self._identity, self._kerberos))
        self._context = spnego.server(protocol="credssp", credssp_negotiate_context=self._inner)


class CredSspSealer:
    """Bodies in TLS records, at most 16 KB a part (MS-WSMV 2.2.9.1.1.2.2); read by the records' own lengths."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def open(self, content_type: str, body: bytes) -> bytes:
        """The plain envelope. Raises SealBroken."""
        if _PROTOCOL.casefold() not in content_type.casefold():
            raise SealBroken("the body is sealed for another scheme")
        plain, at = b"", 0
        while length := _LENGTH.search(body, at):
            start = _OCTETS.search(body, length.end())
            if start is None:
                raise SealBroken("the parts of the encrypted body are not there")
            at = _records_end(body, start.end() + 4)
            part = self._unwrap(body[start.end() + 4 : at])
            if len(part) != int(length[1]):
                raise SealBroken("the length is not that of the plain body")
            plain += part
        if not at:
            raise SealBroken("the parts of the encrypted body are not there")
        return plain

    def close(self, body: bytes) -> tuple[str, bytes]:
        """Content type and sealed body."""
        pieces = [body[at : at + _LONGEST] for at in range(0, len(body), _LONGEST)]
        sealed = b"".join(self._part(piece) for piece in pieces) + _BOUNDARY + b"--\r\n"
        kind = "multipart/encrypted" if len(pieces) == 1 else "multipart/x-multi-encrypted"
        return f'{kind};protocol="{_PROTOCOL}";boundary="Encrypted Boundary"', sealed

    def _part(self, piece: bytes) -> bytes:
        header, data, _ = self._context.wrap_winrm(piece)
        return (
            _BOUNDARY
            + f"\r\n\tContent-Type: {_PROTOCOL}\r\n".encode()
            + f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(piece)}\r\n".encode()
            + _BOUNDARY
            + b"\r\n\tContent-Type: application/octet-stream\r\n"
            + struct.pack("<I", len(header))
            + bytes(header)
            + bytes(data)
        )

    def _unwrap(self, records: bytes) -> bytes:
        try:
            return bytes(self._context.unwrap(records).data)
        except SpnegoError as error:
            raise SealBroken(str(error)) from error


def _client_random(token: bytes) -> bytes:
    """What a ClientHello is told by; empty for other tokens.

    A client begins anew with another one; with the same it answers a HelloRetryRequest (RFC 8446 4.1.2).
    """
    return token[11:43] if token[:2] == b"\x16\x03" and token[5:6] == b"\x01" else b""


def _records_end(body: bytes, at: int) -> int:
    """Where the TLS records that begin here end."""
    while body[at : at + 2] == _RECORD and len(body) >= at + 5:
        (length,) = struct.unpack_from(">H", body, at + 3)
        at += 5 + length
    return at
