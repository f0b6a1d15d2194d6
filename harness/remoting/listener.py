"""What a WinRM listener shows to anyone: name, port, certificate, clock, ways to authenticate. For diagnosis only.

One request without a credential goes out: an empty POST, which WinRM answers with 401, its schemes and its Date
(recorded in github.com/jborean93/omi/issues/29, 2021). It is no failed logon and changes nothing.
"""

import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from cryptography import x509

from harness.core.errors import TlsError, TransportError
from harness.core.model import Connection
from harness.remoting._deadline import Clock, Deadline
from harness.remoting._endpoint import Endpoint, Trust, tls_context
from harness.remoting._opening import resolve
from harness.remoting._wire import Reply, Resolver, Wire

__all__ = ["CertificateView", "ListenerView", "look"]

_PROBLEMS = {
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    **dict.fromkeys((2, 19, 20, 21), "unknown_ca"),
    23: "revoked",
    26: "wrong_purpose",
    62: "wrong_name",
    64: "wrong_name",
}
"""OpenSSL's X509_V_ERR numbers."""
_SCHEMES = ("Negotiate", "Kerberos", "NTLM", "Basic", "CredSSP")


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A listener's certificate as it presents it, believed or not. Times are aware UTC."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class ListenerView:
    """How far a stranger gets. ``failure`` is where the way ended; what lies behind it is empty.

    ``tls_problem`` is expired, not_yet_valid, wrong_name, unknown_ca, self_signed, revoked, wrong_purpose or None;
    ``skew`` is how many seconds the machine's clock is ahead of ours, to about a second; ``status`` the HTTP status.
    """

    addresses: tuple[str, ...] = ()
    connected: bool = False
    certificate: CertificateView | None = None
    tls_problem: str | None = None
    status: int | None = None
    skew: float | None = None
    offered: tuple[str, ...] = ()
    failure: TransportError | None = None


def look(
    connection: Connection,
    *,
    seconds: float,
    now: Callable[[], datetime],
    clock: Clock = time.monotonic,
    resolver: Resolver = resolve,
) -> ListenerView:
    """Go as far as the listener lets a stranger, and tell how far that was. Never raises for what the machine does.

    A certificate that is not believed is fetched once more without belief, to say what is wrong with it; nothing is
    sent on that second connection.

    Args:
        connection: where the listener is; neither its credential nor its configuration is used.
        seconds: deadline of the whole.
        now: our own time, aware.
        clock: monotonic seconds.
        resolver: name resolution.

    Raises:
        InputError: a CA file of the inventory cannot be used.
    """
    place = Endpoint(connection.address, connection.port, connection.scheme)
    tls = tls_context(Trust(ca=connection.ca, verify=connection.verify)) if place.tls else None
    deadline = Deadline(seconds, clock)
    known: list[str] = []

    def noted(name: str, port: int) -> Sequence[tuple[Any, ...]]:
        found = resolver(name, port)
        known.extend(dict.fromkeys(str(entry[4][0]) for entry in found))
        return found

    try:
        wire = Wire(place, tls, deadline, connection.connect_seconds, noted)
    except TransportError as error:
        return _turned_away(error, place, deadline, resolver, tuple(known))
    try:
        return _asked(wire, deadline, now, tuple(known))
    finally:
        wire.close()


def _asked(wire: Wire, deadline: Deadline, now: Callable[[], datetime], addresses: tuple[str, ...]) -> ListenerView:
    certificate = _read(wire.certificate)
    before = now()
    try:
        reply = wire.exchange((("Content-Type", "application/soap+xml;charset=UTF-8"),), b"", deadline, deadline.left)
    except TransportError as error:
        return ListenerView(addresses, connected=True, certificate=certificate, failure=error)
    return ListenerView(
        addresses,
        connected=True,
        certificate=certificate,
        status=reply.status,
        skew=_skew(reply, before, now()),
        offered=_offered(reply),
    )


def _turned_away(
    error: TransportError, place: Endpoint, deadline: Deadline, resolver: Resolver, addresses: tuple[str, ...]
) -> ListenerView:
    if not isinstance(error, TlsError):
        return ListenerView(addresses, failure=error)
    cause = error.__cause__
    number = cause.verify_code if isinstance(cause, ssl.SSLCertVerificationError) else None
    problem = _PROBLEMS.get(number, "untrusted") if number is not None else "handshake"
    return ListenerView(
        addresses,
        connected=True,
        certificate=None if number is None else _unbelieved(place, deadline, resolver),
        tls_problem=problem,
        failure=error,
    )


def _unbelieved(place: Endpoint, deadline: Deadline, resolver: Resolver) -> CertificateView | None:
    with suppress(TransportError):
        wire = Wire(place, tls_context(Trust(verify=False)), deadline, deadline.left, resolver)
        try:
            return _read(wire.certificate)
        finally:
            wire.close()
    return None


def _read(der: bytes | None) -> CertificateView | None:
    if der is None:
        return None
    try:
        found = x509.load_der_x509_certificate(der)
        return CertificateView(
            subject=found.subject.rfc4514_string(),
            issuer=found.issuer.rfc4514_string(),
            names=_names(found),
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
        )
    except ValueError:  # a certificate that OpenSSL takes and cryptography does not
        return None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    names: list[str] = extension.value.get_values_for_type(x509.DNSName)
    return (*names, *map(str, extension.value.get_values_for_type(x509.IPAddress)))


def _skew(reply: Reply, before: datetime, after: datetime) -> float | None:
    """Seconds the machine is ahead, by its Date line, which has whole seconds: half of one is its middle."""
    try:
        shown = parsedate_to_datetime(reply.headers.get("Date", ""))
    except ValueError:
        return None
    shown = shown if shown.tzinfo else shown.replace(tzinfo=UTC)
    return (shown - before).total_seconds() + 0.5 - (after - before).total_seconds() / 2


def _offered(reply: Reply) -> tuple[str, ...]:
    line = ", ".join(reply.challenges).casefold()
    return tuple(name for name in _SCHEMES if name.casefold() in line)
