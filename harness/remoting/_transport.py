"""Envelopes to one listener and back: connects when needed, greets, seals, and turns every refusal into our errors."""

import ssl
from collections.abc import Callable
from typing import Protocol

from harness.core.errors import DeadlineError, Sent
from harness.remoting._auth import Greeting, Headers
from harness.remoting._deadline import Clock, Deadline
from harness.remoting._endpoint import Endpoint
from harness.remoting._errors import http_refused
from harness.remoting._faults import OPERATION_TIMEOUT, read_fault, refusal
from harness.remoting._wire import Reply, Resolver, Wire

__all__ = ["OperationTimeout", "Poster", "Transport"]

_IDLE_LIMIT = 100.0
"""Seconds after which a connection is not trusted any more: http.sys closes idle ones at about 120 s."""

_PATIENCE = 10.0
"""Seconds that an answer may come later than the OperationTimeout the request named."""


class OperationTimeout(Exception):  # noqa: N818 - it is a turn in the conversation, not an error
    """WinRM's word that an operation has nothing to say yet."""


class Poster(Protocol):
    """What a session needs of a transport."""

    place: Endpoint

    def allow(self, deadline: Deadline) -> None:
        """From here on, everything has to end by ``deadline``."""

    def post(self, envelope: bytes, operation_seconds: float) -> bytes:
        """Send an envelope and return the answer's."""

    def close(self) -> None:
        """Let go of the connection."""


class Transport:
    """The way to one listener, for one thread at a time.

    Args:
        place: the listener.
        tls: the context for HTTPS, None for HTTP.
        greet: makes the greeting of a new connection.
        connect_seconds: for name, TCP and TLS together.
        clock: monotonic seconds.
        resolve: name resolution.
    """

    def __init__(
        self,
        place: Endpoint,
        tls: ssl.SSLContext | None,
        greet: Callable[[], Greeting],
        *,
        connect_seconds: float,
        clock: Clock,
        resolve: Resolver,
    ) -> None:
        self.place = place
        self._tls = tls
        self._greet = greet
        self._connect_seconds = connect_seconds
        self._clock = clock
        self._resolve = resolve
        self._deadline = Deadline(0.0, clock)
        self._wire: Wire | None = None
        self._greeting = greet()
        self._known = False
        self._used = clock()

    def allow(self, deadline: Deadline) -> None:
        """From here on, everything has to end by ``deadline``, connecting and greeting included."""
        self._deadline = deadline

    def post(self, envelope: bytes, operation_seconds: float) -> bytes:
        """Send an envelope, return the envelope of the answer.

        Args:
            envelope: SOAP, UTF-8.
            operation_seconds: the OperationTimeout that the envelope names.

        Raises:
            OperationTimeout: the listener's operation ran out of time.
            TransportError: everything else; ``sent`` speaks of this request.
        """
        try:
            reply = self._ask(envelope, operation_seconds + _PATIENCE)
            answer = self._greeting.unwrap(reply)
        except BaseException:  # also when interrupted: the answer would be taken for the next request's
            self.close()
            raise
        finally:
            self._used = self._clock()
        if reply.status == 200:
            return answer
        raise self._refused(reply, answer)

    def close(self) -> None:
        """Let go of the connection; the next request makes a new one and greets anew."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _ask(self, envelope: bytes, seconds: float) -> Reply:
        if self._deadline.passed:
            raise DeadlineError("There was no time left to send the request.", sent=Sent.NO)
        if self._wire is not None and (self._clock() - self._used > _IDLE_LIMIT or self._wire.dropped):
            self.close()  # with it goes the security context: nothing is sealed for a connection that is gone
        fresh = self._wire is None
        reply = self._greeted(envelope, seconds) if fresh else self._sealed(envelope, seconds)
        if reply.status == 401 and not fresh and self._greeting.renews:
            # A listener may want each request authenticated, or have dropped the context: greet again, as pypsrp does.
            # A command cannot run twice by this, since its id is ours and the shell takes an id once.
            self.close()
            reply = self._greeted(envelope, seconds)
        self._known = self._known or reply.status != 401
        return reply

    def _greeted(self, envelope: bytes, seconds: float) -> Reply:
        """Connect, greet, and send the envelope unless it rode along with the greeting."""
        self._wire = self._connect()
        self._greeting = self._greet()
        riding = self._greeting.first(
            lambda headers, body: self._exchange(headers, body, seconds), envelope, self._wire.certificate
        )
        return riding if riding is not None else self._sealed(envelope, seconds)

    def _sealed(self, envelope: bytes, seconds: float) -> Reply:
        headers, body = self._greeting.wrap(envelope)
        return self._exchange(headers, body, seconds)

    def _exchange(self, headers: Headers, body: bytes, seconds: float) -> Reply:
        if self._wire is None or self._wire.closed:
            self._wire = self._connect()
        return self._wire.exchange(headers, body, self._deadline, seconds)

    def _connect(self) -> Wire:
        return Wire(self.place, self._tls, self._deadline, self._connect_seconds, self._resolve)

    def _refused(self, reply: Reply, answer: bytes) -> Exception:
        """What an answer other than 200 says. Only a fault leaves the connection above doubt."""
        fault = read_fault(answer) if reply.status == 500 and answer else None
        if fault is None:
            self.close()
            if reply.status == 401:
                refused = self._greeting.refused(reply)
                # Who was let in before and is not now has met something that is no plain refusal.
                refused.sent = Sent.MAYBE if self._known else Sent.NO
                return refused
            return http_refused(reply.status, self.place, sealed=not self.place.tls)
        if fault.code == OPERATION_TIMEOUT:
            return OperationTimeout()
        return refusal(fault)
