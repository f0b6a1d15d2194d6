"""The session key of a pool: exchanged under RSA, then AES-256-CBC for secure strings (MS-PSRP 2.2.5.1.24)."""

import base64
import os
import struct

from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from harness.sim.psrp._wire import ProtocolError

__all__ = ["SessionKey"]

_BLOB_HEADER = 20
_SIMPLE_BLOB = b"\x01\x02\x00\x00\x10\x66\x00\x00\x00\xa4\x00\x00"
_NO_VECTOR = b"\x00" * 16  # the protocol uses none


class SessionKey:
    """Made by the server, one per pool."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or os.urandom(32)
        self._cipher = Cipher(algorithms.AES(self._key), modes.CBC(_NO_VECTOR))

    def wrapped_for(self, public_key: str) -> str:
        """The key under the client's public key (a PUBLICKEYBLOB, base64), as ENCRYPTED_SESSION_KEY carries it.

        Raises:
            ProtocolError: that is no RSA public key.
        """
        try:
            blob = base64.b64decode(public_key)
            (exponent,) = struct.unpack_from("<I", blob, 16)
            modulus = int.from_bytes(blob[_BLOB_HEADER:], "little")
            key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
            wrapped = key.encrypt(self._key, padding.PKCS1v15())
        except (ValueError, struct.error) as error:
            raise ProtocolError(f"the public key could not be used: {error}") from error
        return base64.b64encode(_SIMPLE_BLOB + wrapped[::-1]).decode()

    def encrypt(self, text: str) -> str:
        """A secure string's content, base64."""
        padder = block_padding.PKCS7(128).padder()
        plain = padder.update(text.encode("utf-16-le", "surrogatepass")) + padder.finalize()
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()

    def decrypt(self, content: str) -> str:
        """The text of a secure string.

        Raises:
            ProtocolError: it was not made with this key.
        """
        try:
            decryptor = self._cipher.decryptor()
            plain = decryptor.update(base64.b64decode(content)) + decryptor.finalize()
            unpadder = block_padding.PKCS7(128).unpadder()
            return (unpadder.update(plain) + unpadder.finalize()).decode("utf-16-le", "replace")
        except ValueError as error:
            raise ProtocolError("a secure string does not open with the session key") from error
