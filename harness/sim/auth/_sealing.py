"""The wire form of encrypted bodies: multipart/encrypted with one sealed part (MS-WSMV 2.2.9.1).

Parsed by position, never by splitting at the boundary: cipher text may contain anything.
"""

import re
import struct
from typing import Protocol

from harness.sim.auth._ntlm_messages import TokenError
from harness.sim.auth._verdict import SealBroken

__all__ = ["Cryptor", "MultipartSealer"]

_PROTOCOL = re.compile(r'protocol="([^"]+)"', re.IGNORECASE)
_LENGTH = re.compile(rb"OriginalContent:\s*type=[^;\r\n]+;[^;\r\n]*;?\s*Length=(\d+)", re.IGNORECASE)
_OCTETS = re.compile(rb"Content-Type:\s*application/octet-stream\r\n", re.IGNORECASE)
_SPNEGO = "application/HTTP-SPNEGO-session-encrypted"
_BOUNDARY = b"--Encrypted Boundary"


class Cryptor(Protocol):
    """Seals single messages."""

    def open(self, signature: bytes, cipher_text: bytes) -> bytes:
        """The plain message. Raises TokenError."""

    def close(self, plain: bytes) -> tuple[bytes, bytes]:
        """Signature and cipher text."""


class MultipartSealer:
    """Opens and closes bodies; answers in the protocol in which the client asked."""

    def __init__(self, cryptor: Cryptor) -> None:
        self._cryptor = cryptor
        self._protocol = _SPNEGO

    def open(self, content_type: str, body: bytes) -> bytes:
        """The plain envelope.

        Raises:
            SealBroken: the parts are not there, or the signature is wrong.
        """
        named = _PROTOCOL.search(content_type)
        length = _LENGTH.search(body)
        start = _OCTETS.search(body, length.end()) if length else None
        if named is None or length is None or start is None:
            raise SealBroken("the parts of the encrypted body are not there")
        self._protocol = named.group(1)
        sealed = body[start.end() : _end(body)]
        if len(sealed) < 4:
            raise SealBroken("the sealed part is empty")
        (size,) = struct.unpack_from("<I", sealed)
        if size > len(sealed) - 4:
            raise SealBroken("the signature is longer than its part")
        try:
            plain = self._cryptor.open(sealed[4 : 4 + size], sealed[4 + size :])
        except TokenError as error:
            raise SealBroken(str(error)) from error
        if len(plain) != int(length.group(1)):
            raise SealBroken("the length is not that of the plain body")
        return plain

    def close(self, body: bytes) -> tuple[str, bytes]:
        """Content type and sealed body."""
        signature, cipher_text = self._cryptor.close(body)
        protocol = self._protocol.encode()
        sealed = (
            _BOUNDARY
            + b"\r\n\tContent-Type: "
            + protocol
            + b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length="
            + str(len(body)).encode()
            + b"\r\n"
            + _BOUNDARY
            + b"\r\n\tContent-Type: application/octet-stream\r\n"
            + struct.pack("<I", len(signature))
            + signature
            + cipher_text
            + _BOUNDARY
            + b"--\r\n"
        )
        return f'multipart/encrypted;protocol="{self._protocol}";boundary="Encrypted Boundary"', sealed


def _end(body: bytes) -> int:
    """Where the last boundary begins; some clients write a blank after its dashes."""
    tail = body.rfind(b"Encrypted Boundary--")
    if tail < 0:
        raise SealBroken("the last boundary is not there")
    return body.rfind(b"--", 0, tail)
