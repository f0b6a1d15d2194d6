"""HTTP/1.1 as WinRM needs it: a request read from bytes, a response written to bytes."""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["BadRequest", "Delivery", "HttpRequest", "HttpResponse", "RequestReader"]

_MOST_HEADER = 64 * 1024
_REASONS = {200: "OK", 400: "Bad Request", 401: "", 404: "", 411: "Length Required", 413: "", 500: "", 503: ""}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class BadRequest(Exception):  # noqa: N818 - the name of the HTTP status
    """The bytes are no request that can be served; ``status`` says how to answer before closing."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request; header names are in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def host(self) -> str:
        """The Host header: name or address, with a port where the client wrote one."""
        return self.headers.get("host", "")

    @property
    def authorization(self) -> tuple[str, str]:
        """Scheme in small letters, and what follows it."""
        scheme, _, rest = self.headers.get("authorization", "").partition(" ")
        return scheme.lower(), rest.strip()

    def token(self) -> bytes:
        """The authorization's token, decoded; empty when it is none."""
        try:
            return base64.b64decode(self.authorization[1], validate=True)
        except (binascii.Error, ValueError):
            return b""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a response leaves: in one piece, or spoilt on purpose.

    Attributes:
        kind: ``whole``, ``reset`` (not at all, the connection is reset), ``truncated`` (half of it, then closed),
            ``duplicated`` (twice), ``drip`` (in small pieces over ``seconds``).
        seconds: for ``drip``.
    """

    kind: str = "whole"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One response. ``close`` ends the connection after it."""

    status: int
    body: bytes = b""
    content_type: str = "application/soap+xml;charset=UTF-8"
    headers: tuple[tuple[str, str], ...] = ()
    close: bool = False
    delivery: Delivery = field(default_factory=Delivery)

    def encode(self, now: datetime) -> bytes:
        """The bytes on the wire, header lines in http.sys's manner."""
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, '')}"]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        lines.extend(f"{name}: {value}" for name, value in self.headers)
        lines.append("Server: Microsoft-HTTPAPI/2.0")
        lines.append(f"Date: {_http_date(now)}")
        if self.close:
            lines.append("Connection: close")
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


def _http_date(now: datetime) -> str:
    day, month = _DAYS[now.weekday()], _MONTHS[now.month - 1]
    return f"{day}, {now.day:02d} {month} {now.year} {now.hour:02d}:{now.minute:02d}:{now.second:02d} GMT"


class RequestReader:
    """Takes requests out of a byte stream.

    Args:
        most_body: a longer body is refused with 413.
    """

    def __init__(self, most_body: int) -> None:
        self._most_body = most_body
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str]] | None = None
        self._chunks: bytearray | None = None

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for 100 Continue before it sends the body; True once a request."""
        if self._head is None or self._head[2].get("expect", "").lower() != "100-continue":
            return False
        del self._head[2]["expect"]
        return True

    @property
    def is_empty(self) -> bool:
        """Whether the next byte begins a request."""
        return not self._buffer and self._head is None

    def feed(self, data: bytes) -> None:
        """Add bytes."""
        self._buffer += data

    def next(self) -> HttpRequest | None:
        """The next complete request, or None until more bytes come.

        Raises:
            BadRequest: what came is no request.
        """
        if self._head is None:
            self._head = self._read_head()
            if self._head is None:
                return None
        method, path, headers = self._head
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = self._read_chunks()
        else:
            body = self._read_body(headers)
        if body is None:
            return None
        self._head = None
        return HttpRequest(method, path, headers, body)

    def _read_head(self) -> tuple[str, str, dict[str, str]] | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MOST_HEADER:
                raise BadRequest(400, "the header is too long")
            return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequest(400, "the request line is not HTTP/1.1")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name.strip():
                raise BadRequest(400, "a header line has no colon")
            headers[name.strip().lower()] = value.strip()
        return words[0], words[1], headers

    def _read_body(self, headers: dict[str, str]) -> bytes | None:
        text = headers.get("content-length", "0")
        if not text.isdecimal():
            raise BadRequest(400, "Content-Length is not a number")
        length = int(text)
        if length > self._most_body:
            raise BadRequest(413, "the body is longer than this service takes")
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _read_chunks(self) -> bytes | None:
        if self._chunks is None:
            self._chunks = bytearray()
        while True:
            end = self._buffer.find(b"\r\n")
            if end < 0:
                return None
            size = self._chunk_size(bytes(self._buffer[:end]))
            if len(self._buffer) < end + 2 + size + 2:
                return None
            self._chunks += self._buffer[end + 2 : end + 2 + size]
            del self._buffer[: end + 2 + size + 2]
            if len(self._chunks) > self._most_body:
                raise BadRequest(413, "the body is longer than this service takes")
            if size == 0:
                body, self._chunks = bytes(self._chunks), None
                return body

    @staticmethod
    def _chunk_size(line: bytes) -> int:
        try:
            return int(line.split(b";")[0], 16)
        except ValueError:
            raise BadRequest(400, "a chunk has no size") from None
