"""SPNEGO around a mechanism's tokens, as a server (RFC 4178, MS-SPNG): just enough DER for five fields."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.sim.auth._ntlm_messages import TokenError

__all__ = ["KERBEROS", "MS_KERBEROS", "NTLM", "Mechanism", "SpnegoAcceptor"]

NTLM = bytes.fromhex("2b06010401823702020a")
KERBEROS = bytes.fromhex("2a864886f712010202")
MS_KERBEROS = bytes.fromhex("2a864882f712010202")
_SPNEGO = bytes.fromhex("2b0601050502")

_ACCEPTED, _INCOMPLETE, _REQUEST_MIC = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A mechanism the server offers.

    Attributes:
        step: takes a token, gives the answer's; raises TokenError.
        done: whether the context is established.
        sign, verify: over the list of mechanisms; verify raises TokenError.
        restart: called once after signatures were exchanged.
        oids: all names the mechanism goes by.
    """

    oids: tuple[bytes, ...]
    step: Callable[[bytes], bytes]
    done: Callable[[], bool]
    sign: Callable[[bytes], bytes]
    verify: Callable[[bytes, bytes], None]
    restart: Callable[[], None] = lambda: None


@dataclass(slots=True)
class SpnegoAcceptor:
    """One negotiation.

    Args:
        mechanisms: in the order the server likes them; the client's order decides.
    """

    mechanisms: Sequence[Mechanism]
    done: bool = False
    _chosen: Mechanism | None = None
    _oid: bytes = b""
    _list: bytes = b""
    _told: bool = False
    _first: bool = field(default=True)

    def step(self, token: bytes) -> bytes:
        """Take a NegTokenInit or NegTokenResp and give the NegTokenResp.

        Raises:
            TokenError: it is neither, or the mechanism refuses.
        """
        if self._chosen is None:
            mech_token = self._begin(token)
            mic = b""
        else:
            fields = _fields(_unwrap(token, 0xA1), 0x30)
            mech_token = _octets(fields.get(0xA2))
            mic = _octets(fields.get(0xA3))
        assert self._chosen is not None
        answer = self._chosen.step(mech_token) if mech_token and not self._chosen.done() else b""
        return self._respond(answer, mic)

    def _begin(self, token: bytes) -> bytes:
        inner = _unwrap(token, 0x60)
        tag, oid, rest = _read(inner)
        if tag != 0x06 or oid != _SPNEGO:
            raise TokenError("not a SPNEGO token")
        fields = _fields(_unwrap(rest, 0xA0), 0x30)
        self._list = fields.get(0xA0, b"")
        offered = _sequence(self._list)
        for oid in offered:
            self._chosen = next((one for one in self.mechanisms if oid in one.oids), None)
            if self._chosen is not None:
                self._oid = oid
                break
        else:
            raise TokenError("none of the client's mechanisms is offered here")
        self._first = offered[0] == self._oid
        return _octets(fields.get(0xA2)) if self._first else b""

    def _respond(self, answer: bytes, mic: bytes) -> bytes:
        assert self._chosen is not None
        out_mic = b""
        state = _INCOMPLETE if self._first or self._told else _REQUEST_MIC
        if self._chosen.done():
            if mic:
                self._chosen.verify(self._list, mic)
                out_mic = self._chosen.sign(self._list)
                self._chosen.restart()
            elif not self._first:
                raise TokenError("the list of mechanisms is not signed")
            state = _ACCEPTED
            self.done = True
        fields = [_wrap(0xA0, _wrap(0x0A, bytes([state])))]
        if not self._told:
            fields.append(_wrap(0xA1, _wrap(0x06, self._oid)))
            self._told = True
        if answer:
            fields.append(_wrap(0xA2, _wrap(0x04, answer)))
        if out_mic:
            fields.append(_wrap(0xA3, _wrap(0x04, out_mic)))
        return _wrap(0xA1, _wrap(0x30, b"".join(fields)))


def _wrap(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def _read(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows of the first element."""
    if len(data) < 2:
        raise TokenError("a DER element is cut off")
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or len(data) < 2 + count:
            raise TokenError("a DER length is wrong")
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < start + length:
        raise TokenError("a DER element is cut off")
    return tag, data[start : start + length], data[start + length :]


def _unwrap(data: bytes, wanted: int) -> bytes:
    tag, content, rest = _read(data)
    if rest:
        raise TokenError("bytes follow a DER element that stands alone")
    if tag != wanted:
        raise TokenError(f"a DER element has tag {tag:#x} instead of {wanted:#x}")
    return content


def _fields(data: bytes, wanted: int) -> dict[int, bytes]:
    """The tagged fields of a sequence."""
    content = _unwrap(data, wanted)
    fields: dict[int, bytes] = {}
    while content:
        tag, value, content = _read(content)
        fields[tag] = value
    return fields


def _sequence(data: bytes) -> list[bytes]:
    content = _unwrap(data, 0x30)
    items = []
    while content:
        _, value, content = _read(content)
        items.append(value)
    if not items:
        raise TokenError("the client offers no mechanism")
    return items


def _octets(data: bytes | None) -> bytes:
    return b"" if data is None else _unwrap(data, 0x04)
