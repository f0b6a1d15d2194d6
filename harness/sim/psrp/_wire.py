"""Fragments and message headers of PSRP: bytes in, messages out, and back (MS-PSRP 2.2.1 and 2.2.4)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

__all__ = ["BOM", "FragmentReader", "FragmentWriter", "Message", "MessageType", "ProtocolError", "pack_message"]

BOM = b"\xef\xbb\xbf"
"""Server messages start with it, client messages do not (recorded: pypsrp responses/*.yml, 2018 to 2026)."""

NO_ID = UUID(int=0)
_FRAGMENT = struct.Struct(">QQBI")
_MESSAGE = struct.Struct("<II16s16s")
_TO_CLIENT = 1
_START, _END = 1, 2
_MOST_BYTES_WAITING = 64 * 1024 * 1024


class ProtocolError(Exception):
    """What the client sent is not PSRP: the pool that received it is broken."""


class MessageType(IntEnum):
    """MS-PSRP 2.2.1, MessageType."""

    SESSION_CAPABILITY = 0x00010002
    INIT_RUNSPACEPOOL = 0x00010004
    PUBLIC_KEY = 0x00010005
    ENCRYPTED_SESSION_KEY = 0x00010006
    PUBLIC_KEY_REQUEST = 0x00010007
    CONNECT_RUNSPACEPOOL = 0x00010008
    SET_MAX_RUNSPACES = 0x00021002
    SET_MIN_RUNSPACES = 0x00021003
    RUNSPACE_AVAILABILITY = 0x00021004
    RUNSPACEPOOL_STATE = 0x00021005
    CREATE_PIPELINE = 0x00021006
    GET_AVAILABLE_RUNSPACES = 0x00021007
    USER_EVENT = 0x00021008
    APPLICATION_PRIVATE_DATA = 0x00021009
    GET_COMMAND_METADATA = 0x0002100A
    RUNSPACEPOOL_INIT_DATA = 0x0002100B
    RESET_RUNSPACE_STATE = 0x0002100C
    RUNSPACEPOOL_HOST_CALL = 0x00021100
    RUNSPACEPOOL_HOST_RESPONSE = 0x00021101
    PIPELINE_INPUT = 0x00041002
    END_OF_PIPELINE_INPUT = 0x00041003
    PIPELINE_OUTPUT = 0x00041004
    ERROR_RECORD = 0x00041005
    PIPELINE_STATE = 0x00041006
    DEBUG_RECORD = 0x00041007
    VERBOSE_RECORD = 0x00041008
    WARNING_RECORD = 0x00041009
    PROGRESS_RECORD = 0x00041010
    INFORMATION_RECORD = 0x00041011
    PIPELINE_HOST_CALL = 0x00041100
    PIPELINE_HOST_RESPONSE = 0x00041101


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the client. ``pipeline_id`` is None for a message to the pool; ``data`` is CLIXML or empty."""

    type: MessageType
    pool_id: UUID
    pipeline_id: UUID | None
    data: bytes


def pack_message(kind: MessageType, pool_id: UUID, pipeline_id: UUID | None, clixml: str) -> bytes:
    """A message to the client, with the mark of UTF-8 in front of its CLIXML."""
    header = _MESSAGE.pack(_TO_CLIENT, kind, pool_id.bytes_le, (pipeline_id or NO_ID).bytes_le)
    return b"".join((header, BOM, clixml.encode("utf-8", "surrogatepass")))


def _unpack_message(raw: bytes) -> Message:
    if len(raw) < _MESSAGE.size:
        raise ProtocolError(f"a message of {len(raw)} bytes is shorter than its header")
    _, kind, pool_id, pipeline_id = _MESSAGE.unpack_from(raw)
    try:
        known = MessageType(kind)
    except ValueError:
        raise ProtocolError(f"message type {kind:#010x} is not known") from None
    pipeline = UUID(bytes_le=pipeline_id)
    return Message(
        known, UUID(bytes_le=pool_id), None if pipeline == NO_ID else pipeline, raw[_MESSAGE.size :].removeprefix(BOM)
    )


class FragmentWriter:
    """Cuts messages into fragments; object ids count up over the whole pool, from 1.

    Args:
        size: the most bytes of one fragment, header included. PowerShell's own default is 32 KiB
            (BaseTransportManager.DefaultFragmentSize).
    """

    def __init__(self, size: int = 32 * 1024) -> None:
        self._room = size - _FRAGMENT.size
        self._object_id = 0

    def cut(self, message: bytes) -> Iterator[bytes]:
        """The fragments of one message, in order."""
        self._object_id += 1
        last = max(0, (len(message) - 1) // self._room)
        for number in range(last + 1):
            piece = message[number * self._room : (number + 1) * self._room]
            flags = (_START if number == 0 else 0) | (_END if number == last else 0)
            yield _FRAGMENT.pack(self._object_id, number, flags, len(piece)) + piece


class FragmentReader:
    """Joins fragments to messages, however they were cut over the transport's envelopes."""

    def __init__(self) -> None:
        self._rest = b""
        self._parts: dict[int, list[bytes]] = {}
        self._waiting = 0

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now.

        Raises:
            ProtocolError: a fragment is out of order, a message unknown, or too much is left open.
        """
        data = self._rest + data if self._rest else data
        messages: list[Message] = []
        offset = 0
        while len(data) - offset >= _FRAGMENT.size:
            object_id, number, flags, length = _FRAGMENT.unpack_from(data, offset)
            end = offset + _FRAGMENT.size + length
            if end > len(data):
                break
            whole = self._add(object_id, number, flags, data[offset + _FRAGMENT.size : end])
            if whole is not None:
                messages.append(_unpack_message(whole))
            offset = end
        self._rest = data[offset:]
        if self._waiting + len(self._rest) > _MOST_BYTES_WAITING:
            raise ProtocolError("more than 64 MiB of unfinished messages")
        return messages

    def _add(self, object_id: int, number: int, flags: int, piece: bytes) -> bytes | None:
        parts = self._parts.setdefault(object_id, [])
        if number != len(parts) or bool(flags & _START) != (number == 0):
            raise ProtocolError(f"fragment {number} of object {object_id} came when {len(parts)} was due")
        parts.append(piece)
        self._waiting += len(piece)
        if not flags & _END:
            return None
        del self._parts[object_id]
        whole = b"".join(parts)
        self._waiting -= len(whole)
        return whole
