"""MD4 (RFC 1320): the hash of Windows passwords. OpenSSL 3 no longer offers it, and NTLM still needs it."""

import struct

__all__ = ["md4", "nt_hash"]

_MASK = 0xFFFFFFFF
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_ROUNDS = (
    (0x00000000, (3, 7, 11, 19), tuple(range(16))),
    (0x5A827999, (3, 5, 9, 13), (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)),
    (0x6ED9EBA1, (3, 9, 11, 15), (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)),
)


def _mix(number: int, x: int, y: int, z: int) -> int:
    if number == 0:
        return (x & y) | (~x & z)
    if number == 1:
        return (x & y) | (x & z) | (y & z)
    return x ^ y ^ z


def md4(data: bytes) -> bytes:
    """The 16-byte digest of ``data``."""
    padded = data + b"\x80" + b"\x00" * ((55 - len(data)) % 64) + struct.pack("<Q", len(data) * 8)
    state = list(_START)
    for start in range(0, len(padded), 64):
        words = struct.unpack_from("<16I", padded, start)
        a, b, c, d = state
        for number, (constant, shifts, order) in enumerate(_ROUNDS):
            for step, index in enumerate(order):
                total = (a + _mix(number, b, c, d) + words[index] + constant) & _MASK
                shift = shifts[step % 4]
                a, b, c, d = d, ((total << shift) | (total >> (32 - shift))) & _MASK, b, c
        state = [(old + new) & _MASK for old, new in zip(state, (a, b, c, d), strict=True)]
    return struct.pack("<4I", *state)


def nt_hash(password: str) -> bytes:
    """NTOWFv1: MD4 of the password in UTF-16 (MS-NLMP 3.3.1)."""
    return md4(password.encode("utf-16-le", "surrogatepass"))
