"""The three messages of NTLM as a server reads and writes them (MS-NLMP 2.2.1)."""

import struct
from dataclasses import dataclass
from enum import IntFlag

__all__ = [
    "Authenticate",
    "AvPair",
    "Flags",
    "TokenError",
    "challenge_message",
    "parse_authenticate",
    "parse_negotiate",
]

SIGNATURE = b"NTLMSSP\x00"


class TokenError(Exception):
    """A security token that cannot be read, or that does not prove what it claims."""


class Flags(IntFlag):
    """NegotiateFlags, those that matter here."""

    UNICODE = 0x00000001
    REQUEST_TARGET = 0x00000004
    SIGN = 0x00000010
    SEAL = 0x00000020
    NTLM = 0x00000200
    ALWAYS_SIGN = 0x00008000
    TARGET_TYPE_SERVER = 0x00020000
    EXTENDED_SESSION_SECURITY = 0x00080000
    TARGET_INFO = 0x00800000
    VERSION = 0x02000000
    KEY_128 = 0x20000000
    KEY_EXCH = 0x40000000
    KEY_56 = 0x80000000


class AvPair:
    """Ids of the target information (MS-NLMP 2.2.2.1)."""

    END = 0
    NB_COMPUTER = 1
    NB_DOMAIN = 2
    DNS_COMPUTER = 3
    DNS_DOMAIN = 4
    FLAGS = 6
    TIMESTAMP = 7
    CHANNEL_BINDINGS = 10


@dataclass(frozen=True, slots=True)
class Authenticate:
    """An AUTHENTICATE_MESSAGE taken apart. ``mic_offset`` is where its MIC stands, 0 without one."""

    raw: bytes
    flags: Flags
    user: str
    domain: str
    nt_response: bytes
    session_key: bytes
    mic_offset: int
    pairs: dict[int, bytes]

    @property
    def has_mic(self) -> bool:
        """Whether the client says that it put a MIC into the message."""
        return bool(struct.unpack("<I", self.pairs.get(AvPair.FLAGS, bytes(4))[:4].ljust(4, b"\x00"))[0] & 2)


def parse_negotiate(token: bytes) -> Flags:
    """The flags of a NEGOTIATE_MESSAGE.

    Raises:
        TokenError: it is none.
    """
    if len(token) < 16 or not token.startswith(SIGNATURE) or token[8:12] != b"\x01\x00\x00\x00":
        raise TokenError("not an NTLM negotiate message")
    return Flags(struct.unpack_from("<I", token, 12)[0])


def challenge_message(flags: Flags, nonce: bytes, name: str, pairs: list[tuple[int, bytes]], version: bytes) -> bytes:
    """A CHALLENGE_MESSAGE: ``nonce`` is the server's 8 bytes, ``version`` the 8 of VERSION."""
    target = name.encode("utf-16-le")
    info = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in pairs) + bytes(4)
    offset = 56
    return (
        SIGNATURE
        + struct.pack("<IHHI", 2, len(target), len(target), offset)
        + struct.pack("<I", flags)
        + nonce
        + bytes(8)
        + struct.pack("<HHI", len(info), len(info), offset + len(target))
        + version
        + target
        + info
    )


def parse_authenticate(token: bytes) -> Authenticate:
    """An AUTHENTICATE_MESSAGE.

    Raises:
        TokenError: it is none, or its parts lie outside of it.
    """
    if len(token) < 64 or not token.startswith(SIGNATURE) or token[8:12] != b"\x03\x00\x00\x00":
        raise TokenError("not an NTLM authenticate message")
    flags = Flags(struct.unpack_from("<I", token, 60)[0])
    fields = [_field(token, start) for start in (12, 20, 28, 36, 44, 52)]
    _, nt_response, domain, user, _, session_key = fields
    encoding = "utf-16-le" if flags & Flags.UNICODE else "cp437"
    first = min((struct.unpack_from("<I", token, start + 4)[0] for start in (12, 20, 28, 36, 44)), default=0)
    mic_offset = 72 if first >= 88 and len(token) >= 88 else 0
    return Authenticate(
        token,
        flags,
        user.decode(encoding, "replace"),
        domain.decode(encoding, "replace"),
        nt_response,
        session_key,
        mic_offset,
        _parse_pairs(nt_response[44:]) if len(nt_response) > 44 else {},
    )


def _field(token: bytes, start: int) -> bytes:
    length, _, offset = struct.unpack_from("<HHI", token, start)
    if offset + length > len(token):
        raise TokenError("a field lies outside the message")
    return token[offset : offset + length]


def _parse_pairs(data: bytes) -> dict[int, bytes]:
    pairs: dict[int, bytes] = {}
    offset = 0
    while offset + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, offset)
        if kind == AvPair.END:
            break
        pairs[kind] = data[offset + 4 : offset + 4 + length]
        offset += 4 + length
    return pairs
