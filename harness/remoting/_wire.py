"""One HTTP/1.1 connection to one listener that knows how far each request came.

Why not requests: whether a request was sent has to be known, not guessed from an exception's name; NTLM and Kerberos
bind to the TCP connection, so that a library which silently opens another one breaks message encryption for good
(measured with pypsrp 0.9.1); proxies and CA bundles of the environment must not count; and half of a client's CPU goes
there. A deadline here is total: it covers every address tried, the TLS handshake, and each byte of an answer.
"""

import http.client
import io
import selectors
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from harness.core.errors import DeadlineError, Sent, TransportError
from harness.remoting._arrival import connect_failed, handshake_late, not_resolved, tls_failed
from harness.remoting._deadline import Deadline
from harness.remoting._endpoint import Endpoint
from harness.remoting._errors import Phase, broken_off, late

__all__ = ["Reply", "Resolver", "Wire"]

Resolver = Callable[[str, int], Sequence[tuple[Any, ...]]]
"""From name and port to what socket.getaddrinfo returns."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, read to its end; ``last`` when the listener closes after it. The repr shows no content."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    last: bool = False

    def __repr__(self) -> str:
        return f"<Reply {self.status}, {len(self.body)} bytes>"

    @property
    def kind(self) -> str:
        """The content type, or an empty string."""
        return self.headers.get("Content-Type") or ""

    @property
    def challenges(self) -> list[str]:
        """The WWW-Authenticate lines."""
        return self.headers.get_all("WWW-Authenticate") or []


# select() is blind to descriptors past 1023, and many lanes have more. Windows has nothing else, and no such limit.
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)


class _Patient(io.RawIOBase):
    """Reads a socket with one deadline for all reads together; a drip of bytes does not extend it."""

    def __init__(self, source: socket.socket, deadline: Deadline) -> None:
        self._source = source
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline.left
        if left <= 0:
            raise TimeoutError
        self._source.settimeout(left)
        return self._source.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        """What http.client asks of a socket."""
        assert mode == "rb"
        return io.BufferedReader(self, 65536)


class Wire:
    """An open connection. ``close()`` it, and make another, after any error.

    Args:
        place: the listener.
        tls: the context for HTTPS, None for HTTP.
        deadline: of the whole operation that needs the connection.
        seconds: for name, TCP and TLS together.
        resolve: name resolution.

    Raises:
        ResolveError, ConnectError, TlsError, DeadlineError: nothing was sent.
    """

    def __init__(
        self, place: Endpoint, tls: ssl.SSLContext | None, deadline: Deadline, seconds: float, resolve: Resolver
    ) -> None:
        self.place = place
        self.phase = Phase.IDLE
        limit = deadline.within(seconds)
        try:
            self._socket = self._connect(limit, resolve)
            if tls is not None:
                self._socket = self._secure(self._socket, tls, limit)
        except TransportError as error:
            if deadline.passed and not isinstance(error, DeadlineError):
                raise DeadlineError(f"{place} could not be reached before the deadline.", sent=Sent.NO) from error
            raise

    def exchange(self, headers: Sequence[tuple[str, str]], body: bytes, deadline: Deadline, seconds: float) -> Reply:
        """Send one POST and read its answer, at most ``seconds`` of silence included, never past the deadline.

        Raises:
            ConnectionLostError, DeadlineError, ProtocolError: ``sent`` by phase.
        """
        lines = [f"POST /wsman HTTP/1.1\r\nHost: {self.place}\r\nContent-Length: {len(body)}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in headers]
        limit = deadline.within(seconds)
        self.phase = Phase.IDLE
        try:
            self._write("".join((*lines, "\r\n")).encode("latin-1") + body, limit)
            return self._read(limit)
        except TimeoutError as error:
            raise late(self.place, self.phase, deadline_passed=deadline.passed, seconds=seconds) from error
        except (OSError, http.client.HTTPException) as error:
            raise broken_off(error, self.place, self.phase) from error

    @property
    def closed(self) -> bool:
        """Whether this end has closed it, as after an answer that said so."""
        return self._socket.fileno() < 0

    @property
    def dropped(self) -> bool:
        """Whether the other end has closed it: a connection with nothing to say is readable only at its end."""
        try:
            with _Selector() as selector:
                selector.register(self._socket, selectors.EVENT_READ)
                return bool(selector.select(0))
        except (OSError, ValueError):  # closed by us
            return True

    @property
    def certificate(self) -> bytes | None:
        """The listener's certificate in DER, for channel binding; None on HTTP."""
        return self._socket.getpeercert(binary_form=True) if isinstance(self._socket, ssl.SSLSocket) else None

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def _connect(self, limit: Deadline, resolve: Resolver) -> socket.socket:
        last: OSError = TimeoutError()
        for family, kind, protocol, _, address in _resolved(self.place, limit, resolve):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(max(limit.left, 0.001))
                opened.connect(address)
            except OSError as error:
                opened.close()
                last = error
            else:
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return opened
        raise connect_failed(last, self.place, limit.seconds) from last

    def _secure(self, plain: socket.socket, tls: ssl.SSLContext, limit: Deadline) -> ssl.SSLSocket:
        try:
            plain.settimeout(max(limit.left, 0.001))
            return tls.wrap_socket(plain, server_hostname=self.place.address)
        except TimeoutError as error:
            plain.close()
            raise handshake_late(self.place, limit.seconds) from error
        except (OSError, ValueError) as error:
            plain.close()
            raise tls_failed(error if isinstance(error, OSError) else OSError(str(error)), self.place) from error

    def _write(self, request: bytes, limit: Deadline) -> None:
        self.phase = Phase.WRITING
        self._socket.settimeout(max(limit.left, 0.001))
        self._socket.sendall(request)
        self.phase = Phase.WRITTEN

    def _read(self, limit: Deadline) -> Reply:
        answer = http.client.HTTPResponse(_Patient(self._socket, limit), method="POST")  # type: ignore[arg-type]
        answer.begin()
        self.phase = Phase.ANSWERED
        body = answer.read()
        if answer.will_close:
            self.close()
        return Reply(answer.status, answer.msg, body, answer.will_close)


def _resolved(place: Endpoint, limit: Deadline, resolve: Resolver) -> Sequence[tuple[Any, ...]]:
    """The addresses of that name. A resolver knows no deadline, so a name is asked for in a thread of its own."""
    try:
        ip_address(place.address)
    except ValueError:
        pass
    else:
        return resolve(place.address, place.port)
    box: SimpleQueue[Sequence[tuple[Any, ...]] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            box.put(resolve(place.address, place.port))
        except (OSError, UnicodeError) as error:  # UnicodeError: no name that DNS could hold
            box.put(error if isinstance(error, OSError) else OSError(str(error)))

    Thread(target=ask, name=f"resolve {place.address}", daemon=True).start()
    try:
        found = box.get(timeout=max(limit.left, 0.001))
    except Empty as error:
        raise not_resolved(OSError("timed out"), place) from error
    if isinstance(found, OSError):
        raise not_resolved(found, place) from found
    return found
