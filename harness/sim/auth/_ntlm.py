"""The server's side of NTLMv2 with signing and sealing (MS-NLMP 3.1 to 3.4), written from the specification.

Only what clients of today use: NTLMv2 with extended session security. Older responses are refused, as a Windows with
LmCompatibilityLevel 5 does.
"""

import hashlib
import hmac
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext

from harness.sim.auth._md4 import nt_hash
from harness.sim.auth._ntlm_messages import (
    Authenticate,
    AvPair,
    Flags,
    TokenError,
    challenge_message,
    parse_authenticate,
    parse_negotiate,
)
from harness.sim.machine import Account

__all__ = ["NtlmAcceptor", "NtlmIdentity", "NtlmSession"]

_WANTED = (
    Flags.UNICODE | Flags.REQUEST_TARGET | Flags.NTLM | Flags.ALWAYS_SIGN | Flags.TARGET_TYPE_SERVER | Flags.TARGET_INFO
)
_OFFERED = (
    Flags.SIGN
    | Flags.SEAL
    | Flags.EXTENDED_SESSION_SECURITY
    | Flags.VERSION
    | Flags.KEY_128
    | Flags.KEY_EXCH
    | Flags.KEY_56
)
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_CLIENT, _SERVER = b"client-to-server", b"server-to-client"
_SIGNATURE = 16


@dataclass(frozen=True, slots=True)
class NtlmIdentity:
    """How the server presents itself.

    Attributes:
        name: the computer's name.
        os_version: for the message's VERSION.
        now: the clock behind the timestamp.
        bindings: the hash a client's channel bindings must show over TLS, None without TLS.
        insist: whether a client without channel bindings is refused over TLS.
    """

    name: str
    os_version: str
    now: Callable[[], datetime]
    bindings: bytes | None = None
    insist: bool = False

    def pairs(self) -> list[tuple[int, bytes]]:
        """The target information: a machine in a workgroup is its own domain."""
        wide = self.name.upper()[:15].encode("utf-16-le")
        dns = self.name.encode("utf-16-le")
        ticks = int((self.now() - _EPOCH).total_seconds() * 10_000_000)
        return [
            (AvPair.NB_DOMAIN, wide),
            (AvPair.NB_COMPUTER, wide),
            (AvPair.DNS_DOMAIN, dns),
            (AvPair.DNS_COMPUTER, dns),
            (AvPair.TIMESTAMP, struct.pack("<Q", max(0, ticks))),
        ]

    def version(self) -> bytes:
        """VERSION (MS-NLMP 2.2.2.10), NTLM revision 15."""
        parts = [int(part) for part in self.os_version.split(".")[:3] if part.isdecimal()]
        major, minor, build = (*parts, 0, 0, 0)[:3]
        return struct.pack("<BBH3xB", major & 0xFF, minor & 0xFF, build & 0xFFFF, 15)


class NtlmAcceptor:
    """One exchange: negotiate, challenge, authenticate.

    Args:
        identity: see NtlmIdentity.
        find: the account of a user and a domain, None when it may not log on.
        failed: told of a wrong password.
    """

    def __init__(
        self,
        identity: NtlmIdentity,
        find: Callable[[str, str | None], Account | None],
        failed: Callable[[Account], None],
    ) -> None:
        self._identity = identity
        self._find = find
        self._failed = failed
        self._negotiate = b""
        self._challenge = b""
        self._nonce = b""
        self.account: Account | None = None
        self.session: NtlmSession | None = None

    def step(self, token: bytes) -> bytes:
        """Take the client's token; the challenge, or nothing once the account is known.

        Raises:
            TokenError: the token is wrong; the exchange is over.
        """
        if not self._challenge:
            return self._answer_negotiate(token)
        self._accept(parse_authenticate(token))
        return b""

    def _answer_negotiate(self, token: bytes) -> bytes:
        flags = _WANTED | (parse_negotiate(token) & _OFFERED)
        if not flags & Flags.EXTENDED_SESSION_SECURITY:
            raise TokenError("the client does not offer extended session security")
        self._negotiate = token
        self._nonce = os.urandom(8)
        name = self._identity.name.upper()[:15]
        self._challenge = challenge_message(flags, self._nonce, name, self._identity.pairs(), self._identity.version())
        return self._challenge

    def _accept(self, message: Authenticate) -> None:
        if not message.user or len(message.nt_response) < 48:
            raise TokenError("an anonymous logon, or one older than NTLMv2")
        account = self._find(message.user, message.domain or None)
        if account is None:
            raise TokenError(f"no such account: {message.user}")
        key = _hmac(nt_hash(account.password), (message.user.upper() + message.domain).encode("utf-16-le"))
        proof, rest = message.nt_response[:16], message.nt_response[16:]
        if not hmac.compare_digest(proof, _hmac(key, self._nonce + rest)):
            self._failed(account)
            raise TokenError("wrong password")
        self._check_bindings(message)
        session_key = _hmac(key, proof)
        if message.flags & Flags.KEY_EXCH and message.flags & (Flags.SIGN | Flags.SEAL):
            session_key = _rc4(session_key).update(message.session_key)
        self._check_mic(message, session_key)
        self.account = account
        self.session = NtlmSession(message.flags, session_key)

    def _check_bindings(self, message: Authenticate) -> None:
        wanted = self._identity.bindings
        shown = message.pairs.get(AvPair.CHANNEL_BINDINGS, bytes(16))
        if wanted is None or shown == wanted:
            return
        if self._identity.insist or shown != bytes(16):
            raise TokenError("the channel bindings are not those of this TLS connection")

    def _check_mic(self, message: Authenticate, session_key: bytes) -> None:
        if not message.has_mic:
            return
        at = message.mic_offset
        if not at:
            raise TokenError("the message says it has a MIC and has none")
        blank = message.raw[:at] + bytes(16) + message.raw[at + 16 :]
        if not hmac.compare_digest(
            message.raw[at : at + 16], _hmac(session_key, self._negotiate + self._challenge + blank)
        ):
            raise TokenError("the MIC of the authenticate message is wrong")


class NtlmSession:
    """Signs and seals under an established context (MS-NLMP 3.4), as a server.

    Raises:
        TokenError: from ``open`` and ``verify``, when a signature is wrong.
    """

    def __init__(self, flags: Flags, key: bytes) -> None:
        self._exchanged = bool(flags & Flags.KEY_EXCH)
        self._sign_out, self._sign_in = _sign_key(key, _SERVER), _sign_key(key, _CLIENT)
        self._seal_out, self._seal_in = _seal_key(flags, key, _SERVER), _seal_key(flags, key, _CLIENT)
        self._cipher_out, self._cipher_in = _rc4(self._seal_out), _rc4(self._seal_in)
        self._number_out = self._number_in = 0

    def open(self, signature: bytes, cipher_text: bytes) -> bytes:
        """The plain message."""
        plain = self._cipher_in.update(cipher_text)
        self.verify(plain, signature)
        return plain

    def close(self, plain: bytes) -> tuple[bytes, bytes]:
        """Signature and cipher text."""
        cipher_text = self._cipher_out.update(plain)
        return self.sign(plain), cipher_text

    def wrap(self, plain: bytes) -> bytes:
        """Signature and cipher text as one token, as GSS_Wrap lays it out (MS-NLMP 3.4.6)."""
        signature, cipher_text = self.close(plain)
        return signature + cipher_text

    def unwrap(self, token: bytes) -> bytes:
        """The plain text of such a token."""
        return self.open(token[:_SIGNATURE], token[_SIGNATURE:])

    def sign(self, data: bytes) -> bytes:
        """A signature with the next number."""
        signature = _signature(self._sign_out, self._cipher_out if self._exchanged else None, self._number_out, data)
        self._number_out += 1
        return signature

    def verify(self, data: bytes, signature: bytes) -> None:
        """Check a signature with the next number."""
        wanted = _signature(self._sign_in, self._cipher_in if self._exchanged else None, self._number_in, data)
        self._number_in += 1
        if not hmac.compare_digest(wanted, signature):
            raise TokenError("a signature is wrong")

    def restart_ciphers(self) -> None:
        """Start the ciphers again after the mechListMIC (MS-SPNG 3.3.5.1); the numbers go on."""
        self._cipher_out, self._cipher_in = _rc4(self._seal_out), _rc4(self._seal_in)


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.md5).digest()


def _rc4(key: bytes) -> CipherContext:
    return Cipher(ARC4(key), mode=None).encryptor()


def _sign_key(key: bytes, direction: bytes) -> bytes:
    text = b"session key to " + direction + b" signing key magic constant\x00"
    return hashlib.md5(key + text, usedforsecurity=False).digest()


def _seal_key(flags: Flags, key: bytes, direction: bytes) -> bytes:
    kept = 16 if flags & Flags.KEY_128 else 7 if flags & Flags.KEY_56 else 5
    text = b"session key to " + direction + b" sealing key magic constant\x00"
    return hashlib.md5(key[:kept] + text, usedforsecurity=False).digest()


def _signature(key: bytes, cipher: CipherContext | None, number: int, data: bytes) -> bytes:
    count = struct.pack("<I", number)
    checksum = _hmac(key, count + data)[:8]
    if cipher is not None:
        checksum = cipher.update(checksum)
    return b"\x01\x00\x00\x00" + checksum + count
